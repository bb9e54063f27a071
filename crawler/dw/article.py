"""Define the article as this project sees it: `api` and `pages` make it, `render` writes it.

Text for HTML is Markup, which only `sanitise` makes; an address that a document loads is a DwAddress, which only `urls` makes.

Large fields are left out of `repr`, so that no log line holds a body.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from crawler.exceptions import UnreadableReply
from crawler.sanitise import NOTHING, Markup
from crawler.urls import DwAddress, PictureName


@dataclass(frozen=True)
class Paragraph:
    """html: inline markup as DW sent it, also for sub-headings (`<strong>`). is_caption: of a picture without an address."""

    html: Markup
    is_caption: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture in the text. address: as DW names it, without the scheme (`static.dw.com/image/1_303.jpg`);
    name: its id and rendition; caption: inline markup, may be empty; others: the renditions to ask for if DW does not have this
    one, in order."""

    name: PictureName
    address: DwAddress
    caption: Markup = NOTHING
    others: tuple[PictureName, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Slide:
    """A picture of a gallery with its own title and text (inline markup). Without an address only the words are shown.
    others: as in Picture."""

    name: PictureName | None
    address: DwAddress | None
    title: Markup = NOTHING
    text: Markup = NOTHING
    others: tuple[PictureName, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Gallery:
    """A gallery in an article or below it. title: inline markup."""

    title: Markup
    slides: tuple[Slide, ...]


@dataclass(frozen=True)
class Video:
    """A video. source: address of the mp4."""

    source: DwAddress


@dataclass(frozen=True)
class YouTube:
    """An embedded video. key: YouTube's id."""

    key: str


CAPTION_KEPT = "picture without an address"
"""The entry of `Article.skipped` for a picture of which only the words can be shown."""

Block = Paragraph | Picture | Video | YouTube | Gallery


@dataclass
class Article:
    """The content of a seed document, normalised.

    id: DW's number. kind: article, gallery, video, audio or liveblog. language: a language path, None if unknown.
    title: headline, Unicode NFC, one line. author: names joined, may be empty. display_date: as DW writes it, UTC
    (`2023-10-06T01:48:46.923Z`), empty if absent. teaser: inline markup. blocks: the body in reading order, without
    the main picture. galleries: those a source keeps apart from its text, shown below it. slides: for kind gallery.
    video: for kind video (audio: the mp3). skipped: the types of unreadable body elements, one entry for each element.
    refused: addresses of pictures or media that are not DW's. unknown_keys: keys of the reply never met before.
    origin: how it came into the archive, such as `api` or `page:react`.
    """

    id: int
    kind: str
    title: str
    language: str | None = None
    author: Markup = NOTHING
    display_date: str = ""
    teaser: Markup = field(default=NOTHING, repr=False)
    main_picture: Picture | None = None
    blocks: tuple[Block, ...] = field(default=(), repr=False)
    galleries: tuple[Gallery, ...] = field(default=(), repr=False)
    slides: tuple[Slide, ...] = field(default=(), repr=False)
    video: Video | None = None
    preview: Picture | None = None
    skipped: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unknown_keys: tuple[str, ...] = ()
    origin: str = "api"

    def pictures(self) -> Iterator[Picture | Slide]:
        """Yield every picture, also that of a video, which no document shows."""
        yield from filter(None, (self.main_picture, self.preview))
        for block in (*self.blocks, *self.galleries):
            if isinstance(block, Picture):
                yield block
            elif isinstance(block, Gallery):
                yield from block.slides
        yield from self.slides


def check_usable(article: Article) -> None:
    """Raise UnreadableReply if an article has no title or nothing to show for its kind."""
    if not article.title:
        raise UnreadableReply(f"{article.kind} {article.id}: no usable title")
    usable = {
        "article": article.blocks or article.galleries,
        "liveblog": article.blocks or article.galleries or article.teaser,
        "gallery": article.slides or article.blocks,
        "video": article.video or article.teaser,
        "audio": article.video or article.teaser,
    }
    if not usable[article.kind]:
        raise UnreadableReply(f"{article.kind} {article.id}: no usable body")
