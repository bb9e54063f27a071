"""Which names of settings are accepted, and which are refused as typos."""

from __future__ import annotations

import pytest
from scrapy.settings import default_settings

from crawler import settings
from crawler.configuration import names, scrapydefaults
from crawler.exceptions import ArgumentError

OWN = names.of_module(vars(settings))


def test_defaults_of_scrapy_are_read_without_importing_it() -> None:
    read = scrapydefaults.read()
    assert set(read) >= set(default_settings.__all__)
    for name in ("RETRY_TIMES", "ROBOTSTXT_OBEY", "FEEDS", "DOWNLOAD_DELAY", "JOBDIR"):
        assert read[name] == vars(default_settings)[name]


@pytest.mark.parametrize("name", [
    "ARCHIVE_DIR", "CONTACT", "RETRY_TIMES", "MEDIA_ALLOW_REDIRECTS", "CONCURRENT_REQUESTS_PER_IP", "FILES_STORE", "REDIS_URL",
    "IMAGES_STORE", "SENTRY_DSN", "SCHEDULER_PERSIST", "PLAYWRIGHT_BROWSER_TYPE", "FILES_URLS_FIELD", "IMAGES_MIN_WIDTH",
])  # fmt: skip
def test_known_names_and_those_of_extensions_pass(name: str) -> None:
    names.check([name], OWN, "-s")


@pytest.mark.parametrize(("name", "meant"), [
    ("ARCHIV_DIR", "ARCHIVE_DIR"), ("ARCHIVE_KIND", "ARCHIVE_KINDS"), ("CONTAKT", "CONTACT"), ("SITE_DIRS", "SITE_DIR"),
    ("DW_API_URI", "DW_API_URL"), ("MEDIA_MAX_SIZE", "MEDIA_MAXSIZE"), ("RETRY_BACKOF", "RETRY_BACKOFF"),
    ("ROBOTSTXT_OBAY", "ROBOTSTXT_OBEY"), ("CLOSESPIDER_ITEMCOUNTS", "CLOSESPIDER_ITEMCOUNT"),
])  # fmt: skip
def test_typo_in_a_setting_is_refused_with_a_suggestion(name: str, meant: str) -> None:
    with pytest.raises(ArgumentError) as refused:
        names.check([name], OWN, "-s")
    assert str(refused.value) == f"-s: there is no setting {name}; did you mean {meant}?"


@pytest.mark.parametrize("name", ["ARCHIVE_XYZ", "DW_Q", "MEDIA_QQQQ", "SITE_QQQQQ"])
def test_unknown_name_with_one_of_our_prefixes_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"^-s: there is no setting {name}"):
        names.check([name], OWN, "-s")
