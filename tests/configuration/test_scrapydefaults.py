"""Scrapy's own settings, read without importing it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from scrapy.settings import default_settings

from crawler.configuration import scrapydefaults


def test_every_setting_is_there_with_its_default() -> None:
    found = scrapydefaults.read()
    actual = {name: value for name, value in vars(default_settings).items() if name.isupper()}
    assert found.keys() == actual.keys()
    assert {name for name, value in found.items() if value is not None and value != actual[name]} == set()
    assert found["CONCURRENT_REQUESTS"] == 16


def test_without_scrapy_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert scrapydefaults.read() == {}


def test_scrapy_is_not_imported() -> None:
    code = "import sys; from crawler.configuration import scrapydefaults; scrapydefaults.read(); print('scrapy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
