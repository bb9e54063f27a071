"""HTML as a tree of bounded size."""

from __future__ import annotations

import pytest

from crawler.dw.pages.tree import MOST_TAGS, classes, split, tree


def texts(markup: str) -> list[str]:
    return tree(markup).xpath("//p/text()").getall()


def test_markup_becomes_a_tree() -> None:
    assert texts("<p>one<p>two</p>") == ["one", "two"]


@pytest.mark.parametrize("markup", ["", "\x00", "<p>x</p>" * MOST_TAGS])
def test_nothing_and_too_much_are_an_empty_tree(markup: str) -> None:
    assert texts(markup) == []


def test_a_tag_of_hundreds_of_attributes_is_left_out() -> None:
    flood = " ".join(f"x{n}=1" for n in range(300))
    assert tree(f"<p>a</p><b {flood}>b</b><p>c</p>").xpath("//b").getall() == []
    assert texts(f"<p>a</p><b {flood}>b</b><p>c</p>") == ["a", "c"]


def test_elements_of_a_class_are_split_from_the_others_in_reading_order() -> None:
    box = '<div class="Box a"><p id="2">y</p><div class="box"></div></div>'
    root = tree(f'<body><p id="1">x</p>{box}<p id="3">z</p></body>').root
    inside, outside = split(root, "box")
    assert [one.get("class") for one in inside] == ["Box a"]
    assert [one.get("id") for one in outside if one.tag == "p"] == ["1", "3"]


def test_classes_are_in_lower_case() -> None:
    assert classes(tree('<p class="A  b">x</p>').xpath("//p")[0].root) == {"a", "b"}
