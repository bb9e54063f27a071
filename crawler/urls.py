"""Parse DW's addresses into kind and id, and make them.

DW identifies everything it publishes by an id; the rest of an address is decoration that may change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NewType
from urllib.parse import quote, unquote, urlsplit

LANGUAGES = frozenset(
    "sq am ar bn bs bg zh zh-hant hr fa-af en fr de el ha hi id sw mk ps fa-ir pl pt-002 pt-br ro ru sr es tr uk ur".split()
)
"""Language paths of www.dw.com. Source: section 3 of our notes on DW's data."""

LANGUAGE_IDS = {
    1: "de", 2: "en", 3: "ru", 4: "zh", 5: "pt-br", 6: "sq", 8: "ar", 9: "bn",
    10: "sr", 11: "bg", 12: "fa-ir", 13: "fr", 14: "el", 15: "ha", 28: "es",
}  # fmt: skip
"""languageId of api.dw.com to language path; the ids of the other editions were never seen."""

UNKNOWN_LANGUAGE = "und"

IDS = range(1, 10**15)
"""The possible ids of DW's: far more than it has used, and no more digits than the patterns below read."""

MEDIA_HOSTS = frozenset({"tvdownloaddw-a.akamaihd.net", "radiodownloaddw-a.akamaihd.net"})
"""Hosts of DW's media files, beside its own hosts. Source: section 7 of our notes on DW's data."""

DwAddress = NewType("DwAddress", str)
"""The address of a document's picture or media file, checked to be DW's. Only this module makes one."""

DOCUMENT_KINDS = ("article", "gallery", "video", "audio", "liveblog")
"""Kinds that become seed documents."""

LIST_KINDS = ("topic", "section", "program", "person", "list", "feed", "sitemap")
"""Kinds that only list other things."""

_PAGE_KINDS = {
    "a": "article", "av": "video", "video": "video", "audio": "audio", "g": "gallery", "live": "liveblog",
    "t": "topic", "s": "section", "program": "program", "person": "person", "l": "list", "e": "list",
}  # fmt: skip
# classic pages numbered their parts: /a-15959441-1
_PAGE = re.compile(r"(?:^|/)(a|av|video|audio|g|live|t|s|program|person|l|e)-([0-9]{1,15})(?:-[0-9]+)?(?=$|[/?#&])")
_DETAIL = re.compile(r"^/api/detail/(article|comment|video|audio|gallery|liveblog)/([0-9]{1,15})/?$")
_PLAIN_DETAIL = re.compile(r"https://api\.dw\.com(/api/detail/[a-z]+/[0-9]+)")
_DETAIL_KINDS = {"comment": "article"}  # a commentary: its id is that of an article
_PERMALINK = re.compile(r"^/p/([0-9A-Za-z]{1,9})/?$")
_IMAGE = re.compile(r"^/image/([0-9]{1,15})_([0-9A-Za-z]{1,12})\.(jpg|jpeg|png|gif|webp)$", re.IGNORECASE)
_CLASSIC_IMAGE = re.compile(r"^/image/0,,([0-9]{1,15})_([0-9A-Za-z]{1,12}),00\.(jpg|jpeg|png|gif|webp)$", re.IGNORECASE)
_PLAIN_IMAGE = re.compile(
    r"(?:https://(?:images\.weserv\.nl/\?url=)?)?"
    r"((?:static|api)\.dw\.com/image/([0-9]{1,15})_([0-9A-Za-z]{1,12})\.(jpg|jpeg|png|gif|webp))"
)
_PROXY = re.compile(r"^(?:https?:)?//images\.weserv\.nl/\?url=([^&#]*)", re.IGNORECASE)
# no user, no other port, nothing that ends an attribute
_PLAIN_URL = re.compile(r"https://([a-z0-9.-]+)(?::443)?(?:[/?#][^\s\"'<>\\\x00-\x20]*)?", re.IGNORECASE)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_PAGE_HOSTS = frozenset({"www.dw.com", "amp.dw.com", "m.dw.com", "dw.com"})
_FORMER_HOSTS = frozenset({"www.dw.de", "m.dw.de", "dw.de"})  # until 2015; read, never requested
_IMAGE_HOSTS = frozenset({"static.dw.com", "api.dw.com", "www.dw.com", "dw.com"})


@dataclass(frozen=True)
class Target:
    """The thing an address leads to.

    kind: one of DOCUMENT_KINDS or LIST_KINDS. id: DW's number, None for feeds and sitemaps. language: the language path,
    None if the address names none.
    """

    kind: str
    id: int | None
    language: str | None = None


@dataclass(frozen=True, order=True)
class PictureName:
    """The name of a stored picture: DW's id, the rendition after `_` (`303`), the file's ending."""

    id: int
    rendition: str
    extension: str

    @property
    def file_name(self) -> str:
        return f"{self.id}_{self.rendition}.{self.extension}"


@dataclass(frozen=True)
class Sites:
    """Base addresses of DW's hosts, without a trailing slash, so that a mirror or a test can stand in for DW.

    media_hosts: where DW's media files lie, beside its own hosts. media: what stands in for these hosts, or "". takes_media:
    whether they are wanted, and so may be requested. picture_width: the wanted one, in pixels.
    """

    api: str = "https://api.dw.com"
    static: str = "https://static.dw.com"
    www: str = "https://www.dw.com"
    rss: str = "https://rss.dw.com"
    media_hosts: frozenset[str] = MEDIA_HOSTS
    media: str = ""
    takes_media: bool = False
    picture_width: int = 700

    def detail(self, kind: str, dw_id: int) -> str:
        """Return the address of the reply that describes an object."""
        return f"{self.api}/api/detail/{kind}/{dw_id}"

    def picture(self, name: PictureName) -> str:
        return f"{self.static}/image/{name.file_name}"

    def media_address(self, url: str) -> DwAddress | None:
        """Return the address of a media file, always with https; None if its host is neither DW's nor one of media_hosts."""
        own = re.sub(r"^(?:https?:)?//", "https://", url.strip(), count=1, flags=re.IGNORECASE)
        found = _PLAIN_URL.fullmatch(own)
        host = found[1].lower() if found else ""
        return DwAddress(own) if host in self.media_hosts or is_of_dw(host) else None

    def media_file(self, url: str) -> str | None:
        """Return the address to fetch a media file from; None if none is wanted, or its host may not be asked."""
        own = self.media_address(url)
        if own is None or not self.takes_media or not replace(self, media="").allows(own):
            return None
        return re.sub(r"^https://[^/]*", lambda _: self.media, own) if self.media else own

    def canonical(self, url: str) -> str:
        """Return the address with a configured base replaced by DW's own; any other address unchanged."""
        for base, real in zip(self.all(), DW.all(), strict=True):
            if url == base or url.startswith(base + "/"):
                return real + url[len(base) :]
        return url

    def all(self) -> tuple[str, str, str, str]:
        return self.api, self.static, self.www, self.rss

    def allows(self, url: str) -> bool:
        """Whether a request may go there: DW's hosts over https, and what is configured."""
        if any(url.startswith(base + "/") or url == base for base in self.all()):
            return True  # what comes before the path is exactly what was configured
        if self.takes_media and self.media and url.startswith(self.media + "/"):
            return True
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        if parts.username is not None or parts.password is not None:
            return False
        is_known = parts.hostname in _DW_HOSTS or (self.takes_media and parts.hostname in self.media_hosts)
        return is_known and parts.scheme == "https" and port in (None, 443)

    def over_https(self, url: str) -> str | None:
        """Return the https form of an http address of DW's; None for any other address."""
        found = re.fullmatch(r"http://([^/?#]*?)(?::80)?([/?#].*)?", url, re.IGNORECASE)
        own = f"https://{found[1]}{found[2] or ''}" if found else ""
        return own if self.allows(own) else None


def is_of_dw(host: str) -> bool:
    """Whether a host's name is one of DW's."""
    return host == "dw.com" or host.endswith(".dw.com")


DW = Sites()
_DW_HOSTS = frozenset({urlsplit(base).hostname for base in DW.all()} | _PAGE_HOSTS)


def parse_target(url: str, sites: Sites = DW) -> Target | None:
    """Return what an address leads to; None if it is not an address of DW's.

    Reads pages of any language, kind and host, with tracking marks, and with the id in the query or fragment behind an
    unencoded `?` or `#` of a title; permalinks; API detail addresses; feeds and sitemaps.

    >>> parse_target("https://p.dw.com/p/4boRv")
    Target(kind='article', id=68117411, language=None)
    """
    if plain := _PLAIN_DETAIL.fullmatch(url):  # nearly all references
        return _detail_target(plain[1])
    try:
        parts = urlsplit(sites.canonical(url.strip()))
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    if host == "p.dw.com":
        found = _PERMALINK.match(parts.path)
        dw_id = from_base62(found[1]) if found else 0
        return Target("article", dw_id) if dw_id else None
    if host == "api.dw.com":
        return _detail_target(parts.path)
    if host == "rss.dw.com":
        return Target("feed", None)
    if host not in _PAGE_HOSTS | _FORMER_HOSTS:
        return None
    if target := _detail_target(parts.path):
        return target
    if re.search(r"/(?:[a-z]+-)?sitemap[\w-]*\.xml(?:\.gz)?$", parts.path):
        return Target("sitemap", None, _language(parts.path))
    tail = "?".join(filter(None, (parts.query, parts.fragment)))
    found = next(iter(reversed(list(_PAGE.finditer(parts.path)))), None) or next(
        iter(reversed(list(_PAGE.finditer(tail)))), None
    )
    if found is None or int(found[2]) == 0:
        return None
    return Target(_PAGE_KINDS[found[1]], int(found[2]), _language(parts.path))


def _detail_target(path: str) -> Target | None:
    found = _DETAIL.match(path)
    return Target(_DETAIL_KINDS.get(found[1], found[1]), int(found[2])) if found and int(found[2]) else None


def _language(path: str) -> str | None:
    first = path.lstrip("/").split("/", 1)[0]
    return first if first in LANGUAGES else None


def parse_picture(url: str, sites: Sites = DW) -> PictureName | None:
    """Return the picture an address shows, whatever host of DW's or proxy it names; None for anything else.

    >>> parse_picture("https://images.weserv.nl/?url=static.dw.com/image/63750162_303.jpg").file_name
    '63750162_303.jpg'
    """
    found = shown_picture(url, sites)
    return found[0] if found else None


def shown_picture(url: str, sites: Sites = DW) -> tuple[PictureName, DwAddress] | None:
    """Return the name of a picture and the address DW shows it at; None if it is not DW's.

    The address is host and path, without scheme, query and fragment.

    >>> shown_picture("https://api.dw.com/image/63750162_303.jpg?x#y")[1]
    'api.dw.com/image/63750162_303.jpg'
    """
    url = url.strip()
    if plain := _PLAIN_IMAGE.fullmatch(url):  # nearly all of them
        return (PictureName(int(plain[2]), plain[3], plain[4]), DwAddress(plain[1])) if int(plain[2]) else None
    if proxied := _PROXY.match(url):
        url = re.sub(r"^(?:https?:)?(?://)?", "https://", unquote(proxied[1]), count=1)
    elif url.startswith("//"):
        url = "https:" + url
    elif re.match(r"[a-z]+\.dw\.com/", url):
        url = "https://" + url
    try:
        parts = urlsplit(sites.canonical(url))
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or host not in _IMAGE_HOSTS:
        return None
    found = _IMAGE.match(parts.path) or _CLASSIC_IMAGE.match(parts.path)
    if found is None or int(found[1]) == 0:
        return None
    return PictureName(int(found[1]), found[2], found[3].lower()), DwAddress(f"{host}{parts.path}")


def picture_address(name: PictureName) -> DwAddress:
    """Return the address DW shows a picture at, without the scheme."""
    return DwAddress(f"static.dw.com/image/{name.file_name}")


def document_url(language: str, title: str, dw_id: int) -> str:
    """Return the address of a document on www.dw.com, with the title as a path segment.

    The title is encoded as the WHATWG URL standard encodes paths; `%`, `/` and `\\` are encoded too, since they would take the
    id out of the path.
    """
    # quote() itself keeps letters, digits and `_.-~`; the rest of what the path percent-encode set does not hold follows
    segment = quote(title, safe="!$&'()*+,:;=@[]|")
    return f"https://www.dw.com/{language}/{segment}/a-{dw_id}"


def document_id(url: str) -> int | None:
    """Return DW's id in a document's address, which may stand behind an unencoded `?`."""
    target = parse_target(url)
    return target.id if target and target.kind in DOCUMENT_KINDS else None


def document_language(url: str) -> str:
    """Return the language path of a document's address; `und` if it names none that we know."""
    try:
        return _language(urlsplit(url).path) or UNKNOWN_LANGUAGE
    except ValueError:  # for example a `[` in the place of the host
        return UNKNOWN_LANGUAGE


def from_base62(text: str) -> int:
    """Return the id of a permalink. Source: verified on seven recorded ones, e.g. 41wLY is 59567960."""
    dw_id = 0
    for digit in text:
        dw_id = dw_id * 62 + _DIGITS.index(digit)
    return dw_id
