"""Limits of an article. Words are invented."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from crawler import seedfile
from crawler.dw import bounds, places
from crawler.exceptions import UnreadableReply
from crawler.seedfile import MOST_PICTURES, MOST_REFERENCES


def image(dw_id: int) -> dict[str, Any]:
    size = {"width": 700, "height": 394, "url": f"https://static.dw.com/image/{dw_id}_303.jpg"}
    return {"id": dw_id, "type": "Image", "description": "words", "sizes": [size]}


def reply(**keys: Any) -> bytes:
    body = [{"content": {"type": "Paragraph", "text": "Words of a paragraph."}}]
    return json.dumps({"type": "Article", "id": 7, "name": "A title", "body": body, **keys}).encode()


def read(body: bytes, kind: str = "article") -> Any:
    return places.read(f"api:{kind}", body, 7, kind, "en")


def test_ordinary_article_is_not_touched() -> None:
    article = read(reply(mainContent=image(1)))
    assert bounds.bounded(article) is article
    assert article.skipped == ()


@pytest.mark.parametrize("place", ["body", "gallery", "slides"])
def test_pictures_beyond_the_limit_are_left_out_and_counted(place: str) -> None:
    images = [image(dw_id) for dw_id in range(1, 20_001)]
    if place == "body":
        text = {"type": "Paragraph", "text": "The last words."}
        article = read(reply(body=[{"content": content} for content in (*images, text)], mainContent=image(30_000)))
        assert len(article.blocks) == MOST_PICTURES - 1 + 1  # the main picture counts, and the words stay
    elif place == "gallery":
        gallery = {"type": "Gallery", "name": "Many", "images": images}
        article = read(reply(body=[{"content": {"type": "Paragraph", "text": "Words."}}, {"content": gallery}]))
        assert sum(len(block.slides) for block in article.blocks[1:]) == MOST_PICTURES
    else:
        article = read(reply(type="ImageGallery", body=[], images=images), "gallery")
        assert len(article.slides) == MOST_PICTURES
    document = places.document(article, 0, "en")
    assert len(document.pictures) == MOST_PICTURES
    assert article.skipped.count(bounds.LEFT_OUT) == 20_001 - MOST_PICTURES - (place != "body")


@pytest.mark.parametrize(
    "keys",
    [
        {"name": "x" * 10_000_000}, {"name": "](https://x" * 10_000}, {"author": "x" * 10_000_000},
        {"name": "\u0301\u0316" * 500_000}, {"author": "x\u0301\u0316" + "\u0316\u0301" * 500_000},
    ],
)  # fmt: skip
def test_endless_title_or_author_is_unreadable(keys: dict[str, str]) -> None:
    with pytest.raises(UnreadableReply, match="characters"):
        read(reply(**keys))


def test_longest_allowed_title_becomes_a_document_that_is_read_back() -> None:
    article = read(reply(name="](https://x" * 180))
    document = places.document(article, 0, "en")
    assert seedfile.loads(seedfile.dumps(document)) == document


@pytest.mark.parametrize("markup", ['<a rel="ArticleRef" href="https://api.dw.com/api/detail/article/{}">x</a>',
                                    '<span data-id="{}" data-type="ARTICLE">x</span>'])  # fmt: skip
def test_references_beyond_the_limit_are_left_out_and_counted(markup: str) -> None:
    body = "".join(map(markup.format, range(1, MOST_REFERENCES + 501)))
    assert seedfile.references(body) == list(range(1, MOST_REFERENCES + 1))
    assert seedfile.references_left_out(body) == 500
    assert seedfile.references_left_out("<p>words</p>") == 0


@pytest.mark.parametrize("unit", ["](https://x", "](https://x%41", "](https://x%e4%b8"])
def test_reading_a_hostile_link_takes_time_in_proportion_to_its_length(unit: str) -> None:
    text = "<!--1700000000000-->\n[" + unit * 100_000 + "](https://www.dw.com/en/x/a-7)\n------\n\n<p>words</p>\n"
    start = time.process_time()
    assert seedfile.loads(text).id == 7
    assert time.process_time() - start < 4  # a fifth of a second; in proportion to the square of its length it takes an hour
