"""Parse the HTML of a text, as pages and their state hold it, into the same blocks as in replies of api.dw.com.

Paragraphs, sub-headings and pictures in reading order; lists and tables stay whole inside one paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crawler import normalise, sanitise
from crawler.dw import embeds
from crawler.dw.article import CAPTION_KEPT, Block, Gallery, Paragraph, Picture, Slide, Video, YouTube
from crawler.dw.pages import addresses
from crawler.dw.pages.tree import classes, tree
from crawler.dw.renditions import Shown
from crawler.dw.values import number
from crawler.sanitise import NOTHING, Markup
from crawler.urls import DW, Sites

_KEPT = frozenset(
    "strong em b i u s br wbr span sub sup small del ins abbr mark code q cite bdi bdo "
    "ul ol li dl dt dd table caption thead tbody tfoot tr td th".split()
)
_WHOLE = frozenset({"ul", "ol", "dl", "table"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_NO_TEXT = frozenset("script style svg noscript template button form input select textarea head title meta link hr".split())
_BLOCKS = ("p", "div", "figure", "ul", "h2")
_PICTURES = frozenset({"img", "figure", "picture"})
_MEDIA = frozenset({"video", "audio", "iframe", "object", "embed", "canvas"})
_NOISE = frozenset(
    "rich-text-ad advertisement advertising adscontainer bannerad adwrapper adheadline squaread sharing-bar share sr-only "
    "teasernavwrap tools vjs-no-js label-top label-bottom copyright lineextra".split()
)
_TEASERS = frozenset({"linklist", "col1", "relatedcontent", "smalllist", "smalltext", "basicteaser"})
_FOREIGN = frozenset(embeds.CLASSES)
_EMBED_ADDRESSES = ("data-instgrm-permalink", "data-href", "cite", "data-url", "data-src", "src")
_EMBED_IDS = ("data-id", "data-tweet-id", "data-video-id")
_SPAN_ATTRIBUTES = ("class", "data-id", "data-type", "title", "lang", "dir")
_YOUTUBE = re.compile(
    r"^https?://(?:www\.|m\.)?(?:youtube(?:-nocookie)?\.com/(?:embed/|v/|watch\?(?:.*&)?v=)|youtu\.be/)([\w-]{11})(?![\w-])"
)
_CREDIT = "self::small or contains(@class, 'copyright') or contains(@class, 'source')"


@dataclass
class Body:
    """Reads a text and holds the result.

    sites: whose media it may name. captions: better ones than the markup's, by picture id.
    known_galleries: by id, for texts that only name a gallery. width: the wanted one of pictures, None for the rendition
    that the markup names. main_picture: id of the picture above the text, not to be shown again.
    """

    sites: Sites = DW
    captions: dict[int, str] = field(default_factory=dict)
    known_galleries: Mapping[int, Gallery] = field(default_factory=dict)
    width: int | None = None
    main_picture: int | None = None
    blocks: list[Block] = field(default_factory=list)
    galleries: list[Gallery] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _holders: set[Any] = field(default_factory=set, init=False, repr=False)

    def read_html(self, html: str) -> None:
        """Add the blocks of a text's HTML."""
        if html.strip():
            self.read(tree(f"<body><div>{html}</div>").root)

    def read(self, element: Any) -> None:
        """Add the blocks an element of lxml's holds."""
        self._holders = _around_blocks(element)
        self._read(element)

    def _read(self, element: Any) -> None:
        inline = [escape(element.text)]
        for child in element:
            if _is_inline(child) and child not in self._holders:
                apart: list[Any] = []
                inline.append(self._inline_element(child, apart))
                for found in apart:
                    self._flush(inline)
                    self._add(found)
            elif isinstance(child.tag, str) and not _is_noise(child):
                self._flush(inline)
                self._add(child)
            inline.append(escape(child.tail))
        self._flush(inline)

    def _flush(self, inline: list[str]) -> None:
        """Add text that stands outside of paragraphs. Two line breaks separate paragraphs, as before 2012."""
        for part in re.split(r"(?:<br>\s*){2,}", "".join(inline)):
            self._paragraph(part)
        inline.clear()

    def _paragraph(self, markup: str, wrap: tuple[str, str] = ("", "")) -> None:
        markup = _trimmed(markup)
        if normalise.text_of(markup):
            before, after = wrap
            self.blocks.append(Paragraph(sanitise.safe_markup(f"{before}{markup}{after}")))

    def _add(self, element: Any) -> None:
        tag, names = element.tag.lower(), classes(element)
        if names & _TEASERS:
            self.skipped.append("teaser")
        elif names & _FOREIGN:
            self._embed(element, min(names & _FOREIGN))
        elif names & {"gallery", "image-gallery", "slideshow", "picturegallery"}:
            self._gallery(element)
        elif tag in _PICTURES or names & {"picbox", "placeholder-image"}:
            self._picture(element)
        elif tag in _MEDIA or names & {"vjs-wrapper", "embed", "mediaitem", "video", "audio"}:
            self._media(element)
        elif tag == "p" or tag in _HEADINGS:
            apart: list[Any] = []
            markup = self._inline(element, apart)
            is_heading = tag in _HEADINGS and not re.match(r"\s*<(?:strong|b)>", markup)
            self._paragraph(markup, ("<strong>", "</strong>") if is_heading else ("", ""))
            for found in apart:
                self._add(found)
        elif tag in _WHOLE:
            apart = []
            self._paragraph(self._inline_element(element, apart))
            for found in apart:
                self._add(found)
        elif "-" in tag and not len(element) and not normalise.text_of(element.text or ""):
            self.skipped.append(tag[:60])  # what a script would fill, for example <twitter-widget>
        else:
            self._read(element)

    # --- inline markup -----------------------------------------------------------------------------------------------

    def _inline(self, element: Any, apart: list[Any]) -> str:
        """Return the markup inside an element. apart: gathers pictures and media, which cannot stand in a line of text."""
        parts = [escape(element.text)]
        for child in element:
            if isinstance(child.tag, str) and not _is_noise(child):
                parts.append(self._inline_element(child, apart))
            parts.append(escape(child.tail))
        return "".join(parts)

    def _inline_element(self, element: Any, apart: list[Any]) -> str:
        if not isinstance(element.tag, str) or _is_noise(element):
            return ""
        tag = element.tag.lower()
        if tag in ("br", "wbr"):
            return f"<{tag}>"
        if tag in _PICTURES or tag in _MEDIA or classes(element) & (_FOREIGN | {"picbox", "gallery", "vjs-wrapper", "embed"}):
            apart.append(element)
            return ""
        inside = self._inline(element, apart)
        if tag == "a":
            return addresses.link(element.get("href", ""), inside) if normalise.text_of(inside) else inside
        if tag in _KEPT:
            if not inside.strip() and tag not in ("td", "th"):
                return inside
            return f"<{tag}{_attributes(element) if tag == 'span' else ''}>{inside}</{tag}>"
        if tag in _HEADINGS:
            return f" <strong>{inside}</strong> "
        return f" {inside} " if tag in ("p", "div", "section", "blockquote") else inside

    def inline(self, element: Any) -> Markup:
        """Return the inline markup of an element, without pictures and media."""
        return sanitise.safe_markup(re.sub(r"\s+", " ", self._inline(element, [])).strip())

    # --- pictures, galleries, media ----------------------------------------------------------------------------------

    def picture(self, element: Any) -> Picture | None:
        """Return the picture an element shows, with its caption."""
        found = self._shown(element)
        if found is None:
            return None
        caption = self.captions.get(found.name.id, "") or self._caption(element)
        return Picture(found.name, found.address, sanitise.safe_markup(caption), found.others)

    def _caption(self, element: Any) -> Markup:
        """Return the caption of the picture in an element, without its credit."""
        for part in element.xpath(".//figcaption | .//*[contains(@class, 'img-caption')] | self::div/p | ./a/p"):
            for credit in part.xpath(f".//*[{_CREDIT}]"):
                credit.drop_tree()
            if caption := self.inline(part):
                return caption
        return NOTHING

    def _shown(self, element: Any) -> Shown | None:
        data_format = " ".join(element.xpath("./descendant-or-self::*/@data-format | ./ancestor::figure[1]/@data-format"))
        images = [element] if element.tag == "img" else element.xpath(".//img")
        for image in images:
            for url in _image_addresses(image):
                if found := addresses.picture(url, self.refused, self.width, data_format):
                    return found
            if dw_id := number(image.get("data-id")):
                return addresses.picture_of_id(dw_id, self.sites.picture_width, data_format)
        return None

    def _picture(self, element: Any) -> None:
        picture = self.picture(element)
        if picture is None:
            if caption := self._caption(element):
                self.skipped.append(CAPTION_KEPT)
                self.blocks.append(Paragraph(caption, is_caption=True))
            elif element.tag == "img" or element.xpath(".//img"):
                self.skipped.append("image")
        elif picture.name.id != self.main_picture:
            self.blocks.append(picture)

    def slides(self, element: Any) -> tuple[Slide, ...]:
        """Return the slides of a gallery that stands in the markup, as the classic layout has it."""
        slides = []
        for item in element.xpath(".//ul[contains(@class, 'slides')]/li"):
            if found := self._shown(item):
                titles = [self.inline(heading) for heading in item.xpath(".//h2")]
                texts = [self.inline(part) for part in item.xpath(".//p[not(contains(@class, 'author'))]")]
                text = sanitise.joined(" ", filter(None, texts))
                title = next(filter(None, titles), NOTHING)
                slides.append(Slide(found.name, found.address, title, text, found.others))
        return tuple(slides)

    def _gallery(self, element: Any) -> None:
        if slides := self.slides(element):
            titles = element.xpath("./descendant-or-self::*/@data-title") or element.xpath(".//h4//text()")
            self.galleries.append(Gallery(sanitise.words(normalise.title(titles[0])) if titles else NOTHING, slides))
            return
        for value in element.xpath("./descendant-or-self::*/@data-id | ./descendant-or-self::*/@id"):
            dw_id = number(re.sub(r"^\D*", "", value))
            if dw_id and dw_id in self.known_galleries:
                if (gallery := self.known_galleries[dw_id]) not in self.galleries:
                    self.galleries.append(gallery)
                return
        if dw_id := number(element.get("data-id")):  # known by its id alone: a reference, so that it is archived too
            label = self.inline(element) or escape(element.get("data-title")) or f"Gallery {dw_id}"
            self._paragraph(addresses.link(DW.detail("gallery", dw_id), label))
        else:
            self.skipped.append("gallery")

    def media(self, element: Any) -> Video | None:
        """Return the file of a video or audio an element holds."""
        sources = element.xpath("./descendant-or-self::*[self::video or self::audio or self::source]/@src")
        named = [*element.xpath(".//input[@name='file_name']/@value"), *sources]
        source = addresses.media_file(named, self.sites, self.refused)
        return Video(source) if source else None

    def _media(self, element: Any) -> None:
        """Add a video or a YouTube player; of anything else, audio files included, what can be kept as a paragraph."""
        frames = [element] if element.tag in ("iframe", "embed") else element.xpath(".//iframe")
        for frame in frames:
            for address in filter(None, (frame.get("data-src"), frame.get("src"))):
                if found := _YOUTUBE.match(addresses.absolute(address) or ""):
                    self.blocks.append(YouTube(found[1]))
                    return
        video = self.media(element)
        if video and re.search(r"\.mp4(?:$|[?#])", video.source, re.IGNORECASE):
            self.blocks.append(video)
        else:
            held = {found.tag for found in element.iter(*_MEDIA)}
            default = "embed" if "embed" in classes(element) else "video"
            self._embed(element, "audio" if video else min(held, default=default), video.source if video else "")

    def _embed(self, element: Any, name: str, address: str = "") -> None:
        """Add what can be kept of an embed; if nothing can, it is counted as skipped.

        name: its type. address: where it leads, if that is known already.
        """
        holders = [element, *element.iter("iframe", "embed", "object")]
        written = (holder.get(attribute) for holder in holders for attribute in _EMBED_ADDRESSES)
        linked = (link.get("href") for link in reversed(element.xpath(".//a[@href]")))  # a tweet's last link is its own
        whole = (addresses.absolute(url) for url in (*written, *linked) if url)
        found = address or next((url for url in whole if url and url.startswith("http")), "")
        embed_id = next(filter(None, map(element.get, _EMBED_IDS)), "")
        service = "Audio" if address else embeds.CLASSES.get(name, "")
        if kept := embeds.paragraph(self.inline(element), found, embed_id, service):
            self.blocks.append(kept)
        else:
            self.skipped.append(name)


def escape(text: str | None) -> str:
    """Return text as markup, with white space folded and no-break spaces written as DW writes them."""
    text = re.sub(r"[ \t\r\n\f]+", " ", text or "")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")


def _trimmed(markup: str) -> str:
    """Return markup without white space and breaks at its ends. A pattern would take quadratic time on many breaks."""
    start, end = 0, len(markup)
    while start < end and (markup[start].isspace() or markup.startswith("<br>", start)):
        start += 1 if markup[start].isspace() else 4
    while end > start and (markup[end - 1].isspace() or markup.endswith("<br>", start, end)):
        end -= 1 if markup[end - 1].isspace() else 4
    return markup[start:end]


def _is_noise(element: Any) -> bool:
    return element.tag in _NO_TEXT or bool(classes(element) & _NOISE) or element.get("id") == "sharing-bar"


def _is_inline(element: Any) -> bool:
    """Whether an element is one of those that belong to the line of text around them: no list, no table."""
    return isinstance(element.tag, str) and (element.tag in _KEPT or element.tag == "a") and element.tag not in _WHOLE


def _around_blocks(root: Any) -> set[Any]:
    """Return the elements that hold a block, and so do not belong to a line of text."""
    holders: set[Any] = set()
    for block in root.iter(*_BLOCKS):
        for ancestor in block.iterancestors():
            if ancestor in holders:
                break
            holders.add(ancestor)
    return holders


def _attributes(element: Any) -> str:
    """Return the attributes of a span, as api.dw.com has them on its placeholders."""
    pairs = ((name, element.get(name)) for name in _SPAN_ATTRIBUTES)
    return "".join(f' {name}="{escape(value).replace(chr(34), "&quot;")}"' for name, value in pairs if value)


def _image_addresses(image: Any) -> Iterator[str]:
    for name in ("data-url", "data-src", "src"):
        value = image.get(name) or ""
        if value and not value.startswith("data:"):
            yield value
    if value := image.get("srcset") or image.get("data-srcset"):
        yield value.strip().split(" ")[0].rstrip(",")
