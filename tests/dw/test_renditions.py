"""Which renditions of a picture are requested, and in which order."""

from __future__ import annotations

import json

import pytest

from crawler.dw import api, renditions
from crawler.dw.article import Picture
from crawler.dw.pages import addresses
from crawler.dw.pages.body import Body
from crawler.dw.renditions import candidates, of_figure, of_width, standing_in
from crawler.urls import PictureName, Sites

P = PictureName


def names(*renditions: str, ending: str = "jpg") -> list[PictureName]:
    return [P(63, rendition, ending) for rendition in renditions]


def only(found: tuple[PictureName, ...] | list[PictureName]) -> list[str]:
    return [name.rendition for name in found]


@pytest.mark.parametrize(("width", "rendition"), [
    (1, "301"), (220, "301"), (460, "302"), (700, "303"), (820, "303"), (821, "304"), (940, "304"), (1920, "607"),
    (10**6, "607"),
])  # fmt: skip
def test_rendition_of_a_width_is_the_nearest(width: int, rendition: str) -> None:
    assert of_width(width) == rendition


@pytest.mark.parametrize(("wanted", "named", "order"), [
    ("303", [], ["303", "4", "7"]),
    ("303", ["301", "302", "303", "304"], ["303", "4", "7", "301", "302", "304"]),
    ("4", ["4", "7"], ["4", "7"]),
    ("7", ["7"], ["7", "4"]),
    ("103", ["103", "404"], ["103", "4", "7", "404"]),
])  # fmt: skip
def test_candidates_have_no_repeats(wanted: str, named: list[str], order: list[str]) -> None:
    found = candidates(P(63, wanted, "png"), names(*named, ending="png"))
    assert only(found) == order
    assert {name.extension for name in found} == {"png"}


@pytest.mark.parametrize(("data_format", "named", "order"), [
    ("MASTER_LANDSCAPE", None, ["303", "4", "7"]),
    ("", "804", ["303", "4", "7", "804"]),
    ("FREE_IMAGE", None, ["4", "7", "303"]),
    ("free_image", "905", ["4", "7", "905", "303"]),
    ("LEGACY", None, ["4", "7", "303"]),
    ("LEGACY_4", None, ["4", "7", "303"]),
    ("LEGACY_103", "404", ["4", "7", "103", "404", "303"]),
    ("FREE_IMAGES", None, ["303", "4", "7"]),
    ("LEGACY_../x", None, ["303", "4", "7"]),
])  # fmt: skip
def test_figure_of_an_odd_format_requests_the_substitutes_first(data_format: str, named: str | None, order: list[str]) -> None:
    found = of_figure(P(63, named or "303", "jpg"), "303", data_format, is_named=named is not None)
    assert only(found) == order


@pytest.mark.parametrize(("had", "shown"), [
    ([], None),
    (["7", "303", "4"], "303"),
    (["904", "7", "4"], "4"),
    (["904", "7"], "7"),
    (["904", "304"], "304"),
])  # fmt: skip
def test_substitute_is_the_first_rendition_that_exists(had: list[str], shown: str | None) -> None:
    found = standing_in(P(63, "303", "jpg"), names(*had))
    assert (found and found.rendition) == shown


def test_substitute_has_the_wanted_ending_if_possible() -> None:
    assert standing_in(P(63, "303", "jpg"), [P(63, "304", "webp"), P(63, "905", "jpg")]) == P(63, "905", "jpg")


@pytest.mark.parametrize("width", [700, 940, 460, 1920])
def test_picture_of_a_reply_has_the_wanted_width(width: int) -> None:
    sizes = [{"width": wide, "height": 1, "url": f"https://static.dw.com/image/63_{rendition}.jpg"}
             for wide, rendition in ((220, 301), (460, 302), (700, 303), (940, 304))]  # fmt: skip
    paragraph = {"content": {"type": "Paragraph", "text": "b"}}
    reply = {"name": "A", "mainContent": {"type": "Image", "sizes": sizes}, "body": [paragraph]}
    picture = api.parse(json.dumps(reply).encode(), 7, sites=Sites(picture_width=width)).main_picture
    assert picture
    assert picture.name.rendition == {700: "303", 940: "304", 460: "302", 1920: "304"}[width]
    assert only(picture.others)[:2] == ["4", "7"]
    assert {*only(picture.others), picture.name.rendition} == {"4", "7", "301", "302", "303", "304"}


@pytest.mark.parametrize(("url", "width", "order"), [
    ("https://static.dw.com/image/63_${formatId}.jpg", 700, ["303", "4", "7"]),
    ("https://static.dw.com/image/63_$%7BformatId%7D.jpg", 940, ["304", "4", "7"]),
    ("https://static.dw.com/image/63_804.jpg", 700, ["303", "4", "7", "804"]),
    ("https://static.dw.com/image/63_404.jpg", None, ["404", "4", "7"]),
    ("https://static.dw.com/image/63_${formatId}.jpg", None, ["303", "4", "7"]),
])  # fmt: skip
def test_address_in_a_page_gives_candidates(url: str, width: int | None, order: list[str]) -> None:
    found = addresses.picture(url, [], width)
    assert found
    assert only([found.name, *found.others]) == order
    assert found.address == f"static.dw.com/image/{found.name.file_name}"


@pytest.mark.parametrize("figure", [
    '<figure data-format="LEGACY_4"><img data-url="https://static.dw.com/image/63_${formatId}.jpg"></figure>',
    '<figure><img data-format="FREE_IMAGE" data-id="63"></figure>',
    '<p>Text <img data-format="FREE_IMAGE" src="https://static.dw.com/image/63_303.jpg"></p>',
])  # fmt: skip
def test_format_is_read_from_the_figure_or_its_image(figure: str) -> None:
    body = Body(width=700)
    body.read_html(figure)
    (picture,) = (block for block in body.blocks if isinstance(block, Picture))
    assert only([picture.name, *picture.others]) == ["4", "7", "303"]


def test_default_width_is_that_of_the_document_format() -> None:
    assert Sites().picture_width == renditions.STANDARD_WIDTH
