"""Settings without Scrapy: read as Scrapy reads them."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy.settings import Settings as ScrapySettings

from crawler.configuration.reading import Settings

READ = ["getbool", "getint", "getfloat", "getlist", "getdict", "getdictorlist"]
VALUES: list[Any] = [
    "", "0", "1", "True", "false", "yes", "1.5", "a,b", "a", '{"a": 1}', "[1, 2]", "{", "null", None, 0, 1, 2, 1.5, True,
    False, [], ["a"], ("a", "b"), {}, {"a": 1},
]  # fmt: skip


def result(settings: Any, way: str, name: str = "X") -> Any:
    try:
        found = getattr(settings, way)(name)
    except (ValueError, TypeError) as error:
        return type(error)
    return found


@pytest.mark.parametrize("way", READ)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_read_as_scrapy_reads_it(way: str, value: Any) -> None:
    assert result(Settings({"X": value}), way) == result(ScrapySettings({"X": value}), way)


@pytest.mark.parametrize("way", READ)
def test_an_unknown_name_is_nothing(way: str) -> None:
    assert result(Settings(), way) == result(ScrapySettings(), way)
    assert Settings()["X"] is None
