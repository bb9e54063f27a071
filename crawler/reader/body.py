"""Turn the body of a document into the inside of a page: with local pictures and captions, and with links inside the site.
Nothing loads from elsewhere.

html5ever (nh3) reads the markup and makes it well-formed; the tree is rearranged; and the result is cleaned again by
`sanitise.page_markup`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import nh3
from lxml import etree  # type: ignore[import-untyped]

from crawler import normalise, urls
from crawler.dw.pages.tree import MOST_TAGS, tree
from crawler.reader.facts import target_of
from crawler.sanitise import Markup, page_markup
from crawler.seedfile import SeedDocument
from crawler.storage.index.objects import MEDIA, rendition_key

Element = Any

_FOOTER, _GALLERY = "<br><hr><div>获取更多RSS：", "相关图集："  # words that the document format adds
_TAGS = set(
    "a abbr audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure h1 "
    "h2 h3 h4 h5 h6 hr i iframe img ins kbd li mark ol p pre q rp rt ruby s samp small source span strong sub summary sup "
    "table tbody td tfoot th thead time tr u ul var video wbr".split()
)
_ATTRIBUTES = {
    "*": {"dir", "lang"}, "a": {"href"}, "abbr": {"title"}, "audio": {"src"}, "iframe": {"src"}, "img": {"src"},
    "ol": {"start"}, "source": {"src"}, "span": {"data-id", "data-type"}, "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"}, "time": {"datetime"}, "video": {"src"},
}  # fmt: skip
_OWN_PAGE = re.compile(r"(?:\.\./){0,4}[a-z0-9-]+/\d{4}/\d\d/\d+[a-z0-9-]*\.html")
_OWN_FILE = re.compile(r"(?:\.\./){0,4}(?:images/\d+/\d+_[0-9A-Za-z]+\.[a-z]+|media/\d+/\d+\.(?:mp4|mp3))")
_YOUTUBE = re.compile(r"(?:www\.)?youtube(?:-nocookie)?\.com|youtu\.be")
_KEY = re.compile(r"[\w-]{1,40}", re.ASCII)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters that lxml refuses
_SUBHEADING = 200  # characters; a longer bold paragraph is not a heading


@dataclass(frozen=True)
class Surroundings:
    """The surroundings of a page.

    root: the relative path to the site's folder, `../../../`. pages: id in a link to the path of the document, for those in
    the site. files: (id, rendition) of a picture or media file to (path, reason): its path relative to the site's folder, and
    why it is missing; one of both is empty.
    """

    root: str = ""
    pages: Mapping[int, str] = field(default_factory=dict)
    files: Mapping[tuple[int, str], tuple[str, str]] = field(default_factory=dict)


def page_path(document: str) -> str:
    """Return the path of a document's page in the site, from its path in the archive."""
    return f"{document.removesuffix('.txt')}.html"


def body(document: SeedDocument, around: Surroundings) -> Markup:
    """Return the body of a document, without author and date."""
    head = f"<div><i>{document.author}<br>{document.display_date}</i></div>"
    markup = document.html.removeprefix(head).partition(_FOOTER)[0]
    if markup.count("<") > MOST_TAGS:
        markup = re.sub(r"<[^<>]*>?", " ", markup)
    read = nh3.clean(
        markup, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto", "tel"}, link_rel=None,
        clean_content_tags={"noscript", "object", "script", "style", "svg", "math", "template"},
    )  # fmt: skip
    root = tree(f"<div>{_NO_XML.sub('', read)}</div>").root.find("body/div")
    if root is None:
        return page_markup("", _is_own)
    _Arranger(document, around).arrange(root)
    written = (root.text or "") + "".join(etree.tostring(child, encoding="unicode", method="html") for child in root)
    return page_markup(written, _is_own)


def _is_own(attribute: str, address: str) -> bool:
    return (_OWN_PAGE if attribute == "href" else _OWN_FILE).fullmatch(address) is not None


class _Arranger:
    """Rearranges the tree of a body, in place."""

    def __init__(self, document: SeedDocument, around: Surroundings) -> None:
        self._document = document
        self._around = around
        self._language = document.language

    def arrange(self, root: Element) -> None:
        for image in list(root.iter("img")):
            self._picture(image)
        for element in list(root.iter("iframe", "video", "audio")):
            self._player(element)
        for element in list(root.iter("source")):
            element.drop_tree()
        for element in list(root.iter("a", "span")):
            self._link(element)
        for element in list(root.iter("h1", "h3", "p")):
            _heading(element)

    # --- pictures ---

    def _picture(self, image: Element) -> None:
        """Turn a picture into a figure, with its caption or the text of its slide."""
        address = image.get("src", "").strip()
        parent, following = image.getparent(), image.getnext()
        figure = etree.Element("figure")
        if parent.tag == "div" and parent[0] is image and (words := _slide_words(image)):
            caption = etree.SubElement(figure, "figcaption")
            for word in words:
                caption.append(word)
            _strip_colon(caption)
            place = parent
        else:
            place = image
            if not (image.tail or "").strip() and following is not None and _is_caption(following):
                small = following[0]
                small.tag, small.tail = "figcaption", None
                following.remove(small)
                image.tail = following.tail
                parent.remove(following)
                if normalise.text_of(etree.tostring(small, encoding="unicode")):
                    figure.append(small)
        if address:
            figure.insert(0, self._shown(address, figure))
        elif len(figure):
            figure[0].tag = "p"  # a caption without a picture is text
            figure.tag = "div"
        figure.tail, place.tail = place.tail, None
        if len(figure):
            place.getparent().replace(place, figure)
        else:
            _remove(place, figure.tail)

    def _shown(self, address: str, figure: Element) -> Element:
        """Return the picture, or a note that it is missing."""
        name = urls.parse_picture(address)
        path, reason = "", "not one of DW's"
        if name:
            key = (name.id, rendition_key(name.rendition, name.file_name))
            path, reason = self._around.files.get(key, ("", "unknown"))
        if path:
            words = normalise.text_of(etree.tostring(figure, encoding="unicode"))
            return etree.Element("img", src=f"{self._around.root}{path}", alt=words)
        figure.set("class", "missing")
        found = etree.Element("p", lang="en", dir="ltr")
        found.set("class", "ours")
        which = name.file_name if name else _host(address)
        found.text = f"Picture missing ({reason or 'unknown'}){which and ': '}{which}"
        return found

    # --- players ---

    def _player(self, element: Element) -> None:
        source = element.find("source")
        address = (element.get("src") or (source.get("src") if source is not None else "") or "").strip()
        path = ""
        if element.tag != "iframe" and address and address == self._document.media:
            path, _ = self._around.files.get((self._document.id or 0, MEDIA), ("", ""))
        if path:
            new = etree.Element("figure")
            new.set("class", "media")
            etree.SubElement(new, element.tag, src=f"{self._around.root}{path}", controls="", preload="metadata")
        else:
            new = _outside_player(element.tag, address)
        new.tail = element.tail
        element.tail = None
        element.getparent().replace(element, new)

    # --- links ---

    def _link(self, element: Element) -> None:
        """Point a link to a page of the site, or mark it as leading outside."""
        if element.tag == "span":
            dw_id = element.get("data-id", "")
            is_reference = element.get("data-type") == "ARTICLE" and dw_id.isascii() and dw_id.isdigit() and len(dw_id) < 16
            for name in ("data-id", "data-type"):
                element.attrib.pop(name, None)
            if not is_reference or any(True for _ in element.iterancestors("a")) or element.find(".//a") is not None:
                return
            element.tag, target, href = "a", int(dw_id) or None, ""
        elif "class" in element.attrib:  # made by this class
            return
        else:
            href = element.get("href", "").strip()
            target = target_of(href)
        path = self._around.pages.get(target) if target else None
        if path:
            element.set("href", f"{self._around.root}{page_path(path)}")
            return
        if target and (not href.lower().startswith("http") or "/api/detail/" in href):
            href = f"https://www.dw.com/{self._language}/a-{target}"
        elif href.startswith("/") and not href.startswith("//"):
            href = f"https://www.dw.com{href}"
        _lead_outside(element, href, "Leads outside the archive" if not target else "Not in this archive: leads to www.dw.com")


def _lead_outside(link: Element, href: str, title: str) -> None:
    href = f"https:{href}" if href.startswith("//") else href
    if re.match(r"(?:https?://|mailto:|tel:)", href, re.IGNORECASE):
        link.set("href", href)
        link.set("class", "out")
        link.set("rel", "noopener noreferrer")
        link.set("title", title)
    else:
        link.attrib.clear()
        link.tag = "span"


def _outside_player(tag: str, address: str) -> Element:
    """Return a link that replaces a player which would load from elsewhere, with a warning."""
    address = f"https:{address}" if address.startswith("//") else address
    host = _host(address)
    found = etree.Element("p", lang="en", dir="ltr")
    found.set("class", "elsewhere ours")
    if not host:
        found.text = "A player without an address stood here."
        return found
    key = _youtube_key(address) if _YOUTUBE.fullmatch(host) else ""
    link = etree.SubElement(found, "a")
    if key:
        address, link.text = f"https://www.youtube.com/watch?v={key}", f"Video {key} on YouTube"
        warning = "It is not in the archive; YouTube learns that you watch it."
    else:
        what = {"audio": "Audio", "video": "Video"}.get(tag, "Embedded content")
        link.text, warning = f"{what} at {host}", f"It is not in the archive; {host} learns that you open it."
    _lead_outside(link, address, "Leads outside the archive")
    link.tail = " "
    etree.SubElement(found, "small").text = warning
    return found


def _youtube_key(address: str) -> str:
    parts = _split(address)
    last = parts.path.rstrip("/").rpartition("/")[2] if parts else ""
    keys = parse_qs(parts.query).get("v", [last]) if parts else [""]
    return keys[0] if _KEY.fullmatch(keys[0]) and keys[0] not in ("watch", "embed") else ""


def _host(address: str) -> str:
    parts = _split(address)
    return parts.hostname or "" if parts and parts.scheme in ("http", "https") else ""


def _split(address: str) -> Any:
    try:
        return urlsplit(address)
    except ValueError:  # for example a `[` in the place of the host
        return None


# --- parts of a tree ---


def _slide_words(image: Element) -> list[Element]:
    """Return what follows the picture of a slide: `<b>title</b>：text`, maybe after a line break; [] if it is not a slide."""
    following = list(image.itersiblings())
    if following and following[0].tag == "br" and not (following[0].tail or "").strip():
        following = following[1:]
    if (image.tail or "").strip() or not following or following[0].tag != "b":
        return []
    return following if (following[0].tail or "").startswith("：") else []


def _strip_colon(caption: Element) -> None:
    """Remove the full-width colon after a slide's title, and a title without words."""
    title = caption[0]
    text = (title.tail or "").removeprefix("：").lstrip()
    if normalise.text_of(etree.tostring(title, encoding="unicode", with_tail=False)):
        title.tag, title.tail = "strong", f" {text}"
    else:
        caption.remove(title)
        caption.text = text


def _is_caption(element: Element) -> bool:
    """Whether an element is `<div><small>caption</small></div>`."""
    is_wrapper = element.tag == "div" and len(element) == 1 and element[0].tag == "small"
    return is_wrapper and not (element.text or "").strip() and not (element[0].tail or "").strip()


def _heading(element: Element) -> None:
    """Turn an element that serves as a heading into an h2, and remove empty paragraphs."""
    text = normalise.text_of(etree.tostring(element, encoding="unicode", with_tail=False)).strip("\u00a0 ")
    if not text and next(element.iter("figure", "img", "video", "audio"), None) is None:
        _remove(element, element.tail)
    elif element.tag == "h1":
        element.tag = "h2"
    elif element.tag == "h3" and text == _GALLERY:
        _remove(element, element.tail)
    elif element.tag == "h3" and (element.text or "").startswith(_GALLERY):
        element.text = element.text.removeprefix(_GALLERY)
        element.tag = "h2"
        element.set("class", "gallery")
    elif element.tag == "p" and "class" not in element.attrib and len(element) == 1 and element[0].tag in ("b", "strong"):
        is_alone = not (element.text or "").strip() and not (element[0].tail or "").strip()
        if is_alone and len(text) <= _SUBHEADING and next(element[0].iter("figure", "br"), None) is None:
            element.tag = "h2"


def _remove(element: Element, tail: str | None) -> None:
    """Remove an element and keep the text after it."""
    parent, before = element.getparent(), element.getprevious()
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    element.tail = None
    parent.remove(element)

