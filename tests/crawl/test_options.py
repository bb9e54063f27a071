"""Options: each argument and setting is read once, and refused with one message."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from scrapy.settings import Settings

from crawler import settings as ours
from crawler.crawl import options
from crawler.exceptions import ArgumentError
from crawler.urls import DW, LANGUAGES


def settings(**changed: Any) -> Settings:
    """The settings of the project, with changes as `-s` makes them."""
    made = Settings()
    made.setmodule(ours, priority="project")
    made.setdict(changed, priority="cmdline")
    return made


def test_without_arguments_a_run_reads_the_seeds_folder_and_follows_one_reference() -> None:
    read = options.read({}, settings())
    assert (read.seeds, read.depth, read.max_articles, read.refresh) == ("seeds/", 1, 0, "")
    assert (read.dry_run, read.is_json, read.media) == (False, False, False)
    assert read.looks_again
    assert read.root == Path("archive")
    assert read.rules == ((2, 0), (14, 1), (60, 7))
    assert read.kinds == ("article", "gallery", "video", "liveblog")
    assert dataclasses.replace(read.sites, media_hosts=DW.media_hosts) == DW


def test_options_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.read({}, settings()).depth = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"seeds": "a,b"}, "seeds", "a,b"),
        ({"seeds": ""}, "seeds", ""),
        ({"edition": "zh, en"}, "seeds", "edition:zh,edition:en"),
        ({"edition": "zh", "seeds": "a"}, "seeds", "edition:zh"),
        ({"depth": "-1"}, "depth", -1),
        ({"max_articles": "7"}, "max_articles", 7),
        ({"refresh": " all "}, "refresh", "all"),
        ({"refresh": "5,67013665"}, "refresh", "5,67013665"),
        ({"dry_run": "json"}, "is_json", True),
        ({"media": "yes"}, "media", True),
    ],
)
def test_argument_becomes_an_option(given: dict[str, str], name: str, value: object) -> None:
    assert getattr(options.read(given, settings()), name) == value


@pytest.mark.parametrize(("refresh", "looks_again"), [("", True), ("all", True), ("none", False), ("7", False)])
def test_refresh_with_ids_or_none_checks_nothing_else(refresh: str, looks_again: bool) -> None:
    assert options.read({"refresh": refresh}, settings()).looks_again is looks_again


def test_media_are_taken_only_if_wanted() -> None:
    assert not options.read({}, settings()).sites.takes_media
    assert options.read({"media": "1"}, settings()).sites.takes_media


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seed": "x"}, "there is no argument seed; did you mean seeds?"),
        ({"dept": "1", "Seeds": "x"}, "there is no argument Seeds; did you mean seeds?"),
        ({"x": "zh"}, "there is no argument x; there are seeds, edition, depth, max_articles, refresh, media, dry_run"),
        ({"edition": "zh,en,xx"}, f"there is no edition xx; there are {' '.join(sorted(LANGUAGES))}"),
        ({"edition": "zh-hand"}, "there is no edition zh-hand; did you mean zh-hant?"),
        ({"max_articles": "-3"}, "max_articles must not be negative: '-3'"),
        ({"depth": ""}, "depth is not a whole number: ''"),
        ({"max_articles": "1.5"}, "max_articles is not a whole number: '1.5'"),
        ({"refresh": "all,7"}, "refresh must be all, none or ids separated by commas, not 'all'"),
        ({"refresh": "0"}, "refresh must be all, none or ids separated by commas, not '0'"),
        ({"media": "mp4"}, "media must be 1 or 0, not 'mp4'"),
    ],
)
def test_invalid_argument_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        options.read(given, settings())
    assert str(refused.value) == message


NUMBERS = [
    "ARCHIVE_MIN_FREE", "ARCHIVE_ALERT_SHARE", "ARCHIVE_ALERT_MINIMUM", "MEDIA_MAXSIZE", "RETRY_BACKOFF", "RETRY_AFTER_MAX",
    "DOWNLOAD_MAXSIZE",
]  # fmt: skip


def test_archive_at_an_address_is_refused() -> None:
    with pytest.raises(ArgumentError) as refused:
        options.read({}, settings(ARCHIVE_DIR="s3://key:SECRET@bucket"))
    assert str(refused.value) == "ARCHIVE_DIR is an address (s3://...), but must be a folder on this machine"



@pytest.mark.parametrize("value", ["", "many", "5 MB"])
@pytest.mark.parametrize("name", [*NUMBERS, "ARCHIVE_PICTURE_WIDTH"])
def test_setting_that_is_not_a_number_is_refused(name: str, value: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        options.read({}, settings(**{name: value}))
    assert str(refused.value) == f"{name} is not a number: {value!r}"


def test_pictures_are_at_least_a_pixel_wide() -> None:
    assert options.read({}, settings(ARCHIVE_PICTURE_WIDTH="940")).sites.picture_width == 940
    with pytest.raises(ArgumentError) as refused:
        options.read({}, settings(ARCHIVE_PICTURE_WIDTH=0))
    assert str(refused.value) == "ARCHIVE_PICTURE_WIDTH must be at least 1 pixel: 700 is as the format shows pictures"


@pytest.mark.parametrize("value", ["-1", "-5000"])
@pytest.mark.parametrize("name", [*NUMBERS, "ARCHIVE_PICTURE_WIDTH"])
def test_setting_that_is_negative_is_refused(name: str, value: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        options.read({}, settings(**{name: value}))
    assert str(refused.value) == f"{name} must not be negative: {value!r}"


@pytest.mark.parametrize("name", NUMBERS)
def test_setting_may_be_a_number_as_text(name: str) -> None:
    assert 7 in dataclasses.astuple(options.read({}, settings(**{name: "7"})))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ARCHIVE_KINDS", "articles, films", "ARCHIVE_KINDS holds unknown kinds: articles, films; did you mean article?"),
        ("ARCHIVE_REFRESH", "[[2]]", "ARCHIVE_REFRESH is not a list of pairs like [[2, 0], [14, 1]]: [[2]]"),
    ],
)
def test_invalid_setting_is_refused(name: str, value: str, message: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        options.read({}, settings(**{name: value}))
    assert str(refused.value) == message


def test_number_of_simultaneous_documents_is_that_of_their_host() -> None:
    assert options.read({}, settings()).concurrency == 1
    other = {"DW_API_URL": "http://127.0.0.1:1/api", "CONCURRENT_REQUESTS_PER_DOMAIN": 6}
    assert options.read({}, settings(**other)).concurrency == 6
