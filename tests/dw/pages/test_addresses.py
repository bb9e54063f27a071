"""Addresses in pages."""

from __future__ import annotations

import pytest

from crawler.dw import renditions
from crawler.dw.pages import addresses
from crawler.urls import DW, PictureName


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("/en/x/a-7", "https://www.dw.com/en/x/a-7"), ("//p.dw.com/p/abc", "https://p.dw.com/p/abc"),
        ("mailto:a@dw.com", "mailto:a@dw.com"),
        ("http://www.dw.de/en/x/a-7", "https://www.dw.com/en/x/a-7"), ("http://www.dw-world.de/en/x/a-7", "https://www.dw.com/en/x/a-7"),
        ("https://www.dw.com/dw/article/0,2144,7,00.html", "https://www.dw.com/a-7"), ("http://dw.de/p/abc", "https://p.dw.com/p/abc"),
        (" /en/a b/a-7\n", "https://www.dw.com/en/a%20b/a-7"),
    ],
)  # fmt: skip
def test_an_address_is_whole_and_on_todays_hosts(href: str, url: str) -> None:
    assert addresses.absolute(href) == url


NOWHERE = ["", "#top", "javascript:alert(1)", "java\tscript:alert(1)", "http://[", "ftp://dw.com/x", "data:,x"]


@pytest.mark.parametrize("href", NOWHERE)
def test_a_link_that_leads_nowhere_or_runs_something_is_none(href: str) -> None:
    assert addresses.absolute(href) is None
    assert addresses.link(href, "<b>label</b>") == "<b>label</b>"


def test_a_foreign_picture_is_refused_and_named() -> None:
    refused: list[str] = []
    assert addresses.picture("https://evil.example/image/63_303.jpg", refused) is None
    assert addresses.picture("/image/", refused) is None
    assert refused == ["https://evil.example/image/63_303.jpg"]


@pytest.mark.parametrize("gap", ["${formatId}", "$%7BformatId%7D"])
def test_the_gap_for_the_size_of_a_picture_is_filled_with_a_rendition(gap: str) -> None:
    picture = addresses.picture(f"https://static.dw.com/image/63_{gap}.jpg", [])
    assert picture is not None
    standard = renditions.of_width(renditions.STANDARD_WIDTH)
    assert picture[0] == PictureName(63, standard, "jpg")


def test_the_first_file_wins_over_a_stream_and_foreign_ones_are_refused() -> None:
    stream = "https://hlsvod.dw.com/i/dwtv_video/flv/x/x_,sd_sor,sd_avc,.mp4.csmil/master.m3u8"
    refused: list[str] = []
    named = ["https://evil.example/x.mp4", stream, "https://static.dw.com/x.mp4?a=1"]
    assert addresses.media_file(named, DW, refused) == "https://static.dw.com/x.mp4?a=1"
    assert refused == ["https://evil.example/x.mp4"]
    assert addresses.media_file([stream], DW, []) == "https://tvdownloaddw-a.akamaihd.net/dwtv_video/flv/x/x_sd_avc.mp4"
    assert addresses.media_file(["https://www.dw.com/en/x/a-7"], DW, []) is None
