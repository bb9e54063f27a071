"""Reading values of DW's JSON of any type."""

from __future__ import annotations

import pytest

from crawler.dw import values

ODD: list[object] = [None, True, False, 0, -1, 1.5, "", "x", [], {}, [1], float("nan"), 10**15, "0" * 15, "9" * 16,
                     "\u0663", "1e3"]  # fmt: skip


@pytest.mark.parametrize(("value", "number"), [(7, 7), ("7", 7), (" 7\n", 7), (10**15 - 1, 10**15 - 1), ("9" * 15, 10**15 - 1)])
def test_whole_numbers_also_as_text_are_numbers(value: object, number: int) -> None:
    assert values.number(value) == number


@pytest.mark.parametrize("value", ODD)
def test_other_values_are_not_numbers(value: object) -> None:
    assert values.number(value) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [([{"a": 1}, 7, None, {}], [{"a": 1}, {}]), ({"a": 1}, [{"a": 1}]), ([], []), (None, []), ("words", []),
     ([[{"a": 1}]], [])],
)  # fmt: skip
def test_objects_of_a_list_or_a_single_object_are_returned(value: object, found: list[values.Json]) -> None:
    assert values.objects(value) == found
    assert values.first_object(value) == (found[0] if found else {})


@pytest.mark.parametrize("value", ODD)
def test_text_and_object_are_empty_for_other_types(value: object) -> None:
    assert values.text(value) == (value if isinstance(value, str) else "")
    assert values.json_object(value) == {}


@pytest.mark.parametrize(
    ("names", "author"),
    [(["Ann <b>", "Deutsche Welle"], "Ann &lt;b&gt;"), (["DW", " dw.com "], ""), (["A", "B"], "A, B")],
)
def test_author_is_markup_without_dw(names: list[str], author: str) -> None:
    assert values.author(*names) == author
