"""The pages that list settings and commands are complete."""

from __future__ import annotations

import re

import pytest

from crawler import __main__, settings
from crawler.configuration import names, scrapydefaults
from crawler.crawl.arguments import ARGUMENTS
from tests.crawling import ROOT

SETTINGS = sorted(names.of_module(vars(settings)).keys() - scrapydefaults.read().keys())


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


@pytest.mark.parametrize("name", SETTINGS)
def test_setting_of_this_project_is_listed(name: str) -> None:
    assert re.search(rf"^\|.*`{name}`.*\|", page("configuration.md"), re.MULTILINE)


@pytest.mark.parametrize("name", [*__main__.offline(), *__main__.ONLINE])
def test_command_is_listed(name: str) -> None:
    assert f"| `dw-archiver {name}" in page("commands.md")


@pytest.mark.parametrize("name", [one.name for one in ARGUMENTS])
def test_argument_of_the_spider_is_listed(name: str) -> None:
    assert f"| `{name}` |" in page("crawling.md") + page("seeds.md")
