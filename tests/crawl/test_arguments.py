from __future__ import annotations

import pytest

from crawler.crawl import arguments
from crawler.exceptions import ArgumentError


@pytest.mark.parametrize("text", ["1", "true", "True", "YES", "on", " 1 "])
def test_a_switch_is_on(text: str) -> None:
    assert arguments.switch("media", text)
    assert arguments.dry_run(text) == (True, False)


@pytest.mark.parametrize("text", ["", "0", "false", "False", "NO", "off", " ", " 0"])
def test_a_switch_is_off(text: str) -> None:
    assert not arguments.switch("media", text)
    assert arguments.dry_run(text) == (False, False)


@pytest.mark.parametrize("text", ["2", "-1", "00", "perhaps", "none", "null", "fälse", "t", "yes please"])
def test_a_switch_takes_nothing_else(text: str) -> None:
    with pytest.raises(ArgumentError, match="media must be 1 or 0, not "):
        arguments.switch("media", text)
    with pytest.raises(ArgumentError, match="dry_run must be 1 or 0 or json, not "):
        arguments.dry_run(text)


@pytest.mark.parametrize("text", ["json", "JSON", " json"])
def test_a_dry_run_may_speak_json(text: str) -> None:
    assert arguments.dry_run(text) == (True, True)


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("-1", -1), (" 12", 12)])
def test_a_number_is_whole(text: str, number: int) -> None:
    assert arguments.number("depth", text) == number


@pytest.mark.parametrize("text", ["", "1.5", "x", "1e3", "\u00b2"])
def test_a_number_is_nothing_else(text: str) -> None:
    with pytest.raises(ArgumentError, match="depth is not a whole number"):
        arguments.number("depth", text)
