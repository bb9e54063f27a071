"""Limit the size of an article, far above anything that DW has published, so that no reply costs too much.

The longest title of a hundred recorded documents has 30 characters, the most pictures are 18, the longest author has 20.
"""

from __future__ import annotations

from dataclasses import replace

from crawler.dw.article import Article, Block, Gallery, Picture, Slide
from crawler.exceptions import UnreadableReply
from crawler.seedfile import MOST_PICTURES

LONGEST_TITLE = 2_000  # characters
LONGEST_AUTHOR = 2_000
LEFT_OUT = "picture beyond the limit"


def bounded(article: Article) -> Article:
    """Return an article within the limits: the pictures that come after the first MOST_PICTURES are left out.

    One entry of `skipped` stands for each picture left out. Raises UnreadableReply if the title or the author is too long.
    """
    for name, text, most in (("title", article.title, LONGEST_TITLE), ("author", article.author, LONGEST_AUTHOR)):
        if len(text) > most:
            raise UnreadableReply(f"{article.kind} {article.id}: a {name} of {len(text):,} characters")
    if _count(article) <= MOST_PICTURES:
        return article
    left = _Left(MOST_PICTURES - (article.main_picture is not None))
    blocks = tuple(kept for block in article.blocks if (kept := left.block(block)) is not None)
    galleries = tuple(left.gallery(gallery) for gallery in article.galleries)
    slides = left.slides(article.slides)
    return replace(
        article, blocks=blocks, galleries=galleries, slides=slides, skipped=(*article.skipped, *[LEFT_OUT] * left.beyond)
    )


def _count(article: Article) -> int:
    blocks = sum(len(block.slides) if isinstance(block, Gallery) else isinstance(block, Picture) for block in article.blocks)
    return blocks + sum(len(gallery.slides) for gallery in article.galleries) + len(article.slides) + 1


class _Left:
    """Counts down the pictures that may still be shown. beyond: how many came after them."""

    def __init__(self, pictures: int) -> None:
        self.pictures = pictures
        self.beyond = 0

    def slides(self, slides: tuple[Slide, ...]) -> tuple[Slide, ...]:
        kept = slides[: self.pictures]
        self.pictures -= len(kept)
        self.beyond += len(slides) - len(kept)
        return kept

    def gallery(self, gallery: Gallery) -> Gallery:
        return replace(gallery, slides=self.slides(gallery.slides))

    def block(self, block: Block) -> Block | None:
        if isinstance(block, Gallery):
            return self.gallery(block)
        if not isinstance(block, Picture):
            return block
        self.beyond += self.pictures < 1
        self.pictures -= self.pictures > 0
        return block if self.beyond == 0 else None
