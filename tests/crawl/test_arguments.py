from __future__ import annotations

import pytest

from crawler.crawl import arguments, options
from crawler.exceptions import ArgumentError
from tests.crawl.test_options import settings


@pytest.mark.parametrize("text", ["1", "true", "True", "YES", "on", " 1 "])
def test_these_values_switch_on(text: str) -> None:
    assert arguments.switch("media", text)
    assert arguments.dry_run(text) == (True, False)


@pytest.mark.parametrize("text", ["", "0", "false", "False", "NO", "off", " ", " 0"])
def test_these_values_switch_off(text: str) -> None:
    assert not arguments.switch("media", text)
    assert arguments.dry_run(text) == (False, False)


@pytest.mark.parametrize("text", ["2", "-1", "00", "perhaps", "none", "null", "fälse", "t", "yes please"])
def test_other_values_of_a_switch_are_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="media must be 1 or 0, not "):
        arguments.switch("media", text)
    with pytest.raises(ArgumentError, match="dry_run must be 1 or 0 or json, not "):
        arguments.dry_run(text)


@pytest.mark.parametrize("text", ["json", "JSON", " json"])
def test_dry_run_may_print_json(text: str) -> None:
    assert arguments.dry_run(text) == (True, True)


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("-1", -1), (" 12", 12)])
def test_whole_numbers_are_accepted(text: str, number: int) -> None:
    assert arguments.number("depth", text) == number


@pytest.mark.parametrize("text", ["", "1.5", "x", "1e3", "\u00b2"])
def test_other_texts_are_not_numbers(text: str) -> None:
    with pytest.raises(ArgumentError, match="depth is not a whole number"):
        arguments.number("depth", text)


def test_help_describes_every_argument_within_the_width() -> None:
    text = arguments.described("scrapy crawl dw", 70)
    assert max(map(len, text.split("Examples:")[0].splitlines())) <= 70
    for one in arguments.ARGUMENTS:
        assert f"\n  {one.name} " in text
    assert text.count("(default:") == len(arguments.ARGUMENTS)


def test_defaults_and_examples_are_valid() -> None:
    options.read({one.name: one.default for one in arguments.ARGUMENTS}, settings())
    for words, _ in arguments.EXAMPLES:
        given = dict(word.split("=", 1) for word in words.split() if word != "-a")
        options.read(given, settings())
