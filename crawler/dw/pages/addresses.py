"""Read addresses in pages: relative ones, those of DW's former hosts, and picture addresses with a placeholder for the size."""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin, urlsplit

from crawler import sanitise, urls
from crawler.dw import renditions
from crawler.dw.renditions import STANDARD_WIDTH, Shown
from crawler.urls import DW, DwAddress, PictureName, Sites

# www.dw-world.de until 2012, www.dw.de until 2015
_FORMER_HOST = re.compile(r"^https?://(?:www\.|m\.|mobile\.|amp\.)?dw(?:-world)?\.de(?=[/?#]|$)", re.IGNORECASE)
_FORMER_PERMALINK = re.compile(r"^https?://(?:www\.|p\.)?dw\.(?:de|com)(?=/p/[0-9a-z]{1,9}(?:[/?#]|$))", re.IGNORECASE)
_FORMER_ARTICLE = re.compile(r"^https://www\.dw\.com/dw/[a-z_]+/(?:[0-9]*,)+([0-9]{1,15})(?:_[a-z0-9_]+)?,00\.html")
_RENDITION_GAP = re.compile(r"\$(?:\{|%7B)formatId(?:\}|%7D)", re.IGNORECASE)


def absolute(href: str) -> str | None:
    """Return the whole address of a link, on today's hosts; None if the link leads nowhere or runs something."""
    href = re.sub(r"[\x00-\x1f]", "", href).strip().replace(" ", "%20")
    if not href or href.startswith("#") or not sanitise.is_safe_link(href):
        return None
    try:
        url = urljoin(f"{DW.www}/", href)
        scheme = urlsplit(url).scheme
    except ValueError:
        return None
    url = _FORMER_HOST.sub(DW.www, _FORMER_PERMALINK.sub("https://p.dw.com", url))
    if found := _FORMER_ARTICLE.match(url):
        url = f"{DW.www}/a-{found[1]}"
    return url if scheme in ("http", "https", "mailto", "tel") else None


def link(href: str, label: str) -> str:
    """Return a link as api.dw.com writes it. label: inline markup, unchanged; a link to nowhere becomes its label alone.

    >>> link("/de/titel/a-59080161", "Titel")
    '<a href="https://api.dw.com/api/detail/article/59080161" rel="ArticleRef">Titel</a>'
    """
    url = absolute(href)
    if url is None:
        return label
    target = urls.parse_target(url)
    if target and target.id and target.kind in urls.DOCUMENT_KINDS:
        return f'<a href="{DW.detail(target.kind, target.id)}" rel="ArticleRef">{label}</a>'
    rel = "" if urls.is_of_dw(urlsplit(url).hostname or "") else ' rel="ExternalRef"'
    return f'<a href="{html.escape(url)}"{rel}>{label}</a>'


def picture(url: str, refused: list[str], width: int | None = None, data_format: str = "") -> Shown | None:
    """Return the picture of an address. If it is not DW's, return None and add the address to refused.

    width: the wanted one in pixels, None for the rendition that the address names. data_format: of its figure, empty if
    unknown. The address may hold the placeholder `${formatId}`.
    """
    standard = renditions.of_width(width or STANDARD_WIDTH)
    whole = absolute(_RENDITION_GAP.sub(standard, url))
    name = urls.parse_picture(whole) if whole else None
    if name is None:
        if whole and whole.startswith("http") and not urls.is_of_dw(urlsplit(whole).hostname or ""):
            refused.append(whole[:200])
        return None
    is_named = not _RENDITION_GAP.search(url)
    wanted = standard if width else name.rendition
    return renditions.shown(renditions.of_figure(name, wanted, data_format, is_named=is_named))


def picture_of_id(dw_id: int, width: int = STANDARD_WIDTH, data_format: str = "") -> Shown:
    """Return a picture that is known by its id alone. The ending is `jpg` for nearly all. width, data_format: as above."""
    name = PictureName(dw_id, renditions.of_width(width), "jpg")
    return renditions.shown(renditions.of_figure(name, name.rendition, data_format, is_named=False))


def media_file(sources: list[str], sites: Sites, refused: list[str]) -> DwAddress | None:
    """Return the address of a playable file: the first mp4 or mp3 named, else the mp4 behind the first stream of DW's.

    Addresses of files that are not DW's are added to refused.

    A stream `.../i/path/name_,low,high,.mp4.csmil/master.m3u8` has its best file at `path/name_high.mp4` on another
    host. Source: three videos of the page recorded in 2023-06, which name both. In the video recorded from api.dw.com `sd_sor`,
    a quarter of the other one's bit rate, comes last.
    """
    whole = [url for source in sources if (url := absolute(source))]
    for url in whole:
        if re.search(r"\.mp[34](?:$|[?#])", url, re.IGNORECASE):
            if address := sites.media_address(url):
                return address
            refused.append(url[:200])
    for url in whole:
        if found := re.fullmatch(r"https?://hlsvod\.dw\.com/i/([^,]+),([^/]+),\.mp4\.csmil/master\.m3u8", url):
            *_, last = names = found[2].split(",")
            best = next((name for name in reversed(names) if name and not name.endswith("sor")), last)
            return sites.media_address(f"https://tvdownloaddw-a.akamaihd.net/{found[1]}{best}.mp4")
    return None
