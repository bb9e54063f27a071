"""Parse HTML into a tree of bounded size, so that no page exhausts stack or time."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]
from parsel import Selector

MOST_TAGS = 50_000
"""The largest page known has 1,800."""

# libxml2 compares every attribute of a tag with every other
_FLOOD = re.compile(
    r"""<[a-zA-Z][^\s<>/]*+(?:[\s/]*+[^\s=<>"'/]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'>]++))?+){200,}+/?>?"""
)


def tree(markup: str) -> Selector:
    """Return the tree of a page or a piece of one; an empty one if there is no markup, or more tags than any page has.

    Elements nested deeper than 256 levels (libxml2's own limit) and tags with 200 attributes or more are left out. parsel's own
    parser is not used because it warns of every page that libxml2 cuts.
    """
    parser = html.HTMLParser(recover=True, encoding="utf-8", huge_tree=False)
    markup = _FLOOD.sub("", markup.replace("\x00", "")) if markup.count("<") <= MOST_TAGS else ""
    root = etree.fromstring(markup.encode("utf-8", "replace") or b"<html/>", parser=parser)
    if root is None:
        root = etree.fromstring(b"<html/>", parser=parser)
    return Selector(root=root, type="html")


def classes(element: Any) -> frozenset[str]:
    """Return the classes of an element of lxml's, in lower case."""
    return frozenset((element.get("class") or "").lower().split())


def split(root: Any, *names: str) -> tuple[list[Any], list[Any]]:
    """Return the outermost elements of some classes, and all elements outside of them, both in reading order.

    root: an element of lxml's. names: in lower case. Written by hand, because XPath would check every ancestor of every
    element.
    """
    inside, outside = [], []
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if not isinstance(element.tag, str):  # a comment has a function here
            continue
        if classes(element).isdisjoint(names):
            outside.append(element)
            waiting.extend(reversed(element))
        else:
            inside.append(element)
    return inside, outside
