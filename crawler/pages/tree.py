"""HTML made into a tree that is bounded in depth: libxml2 stops at 256 levels, so that no page exhausts our stack."""

from __future__ import annotations

from lxml import etree, html  # type: ignore[import-untyped]
from parsel import Selector


def tree(markup: str) -> Selector:
    """The tree of a page or a piece of one; an empty one where there is no markup. What is too deep is left out.

    Not parsel's own way, which warns of every page that libxml2 cuts.
    """
    parser = html.HTMLParser(recover=True, encoding="utf-8", huge_tree=False)
    root = etree.fromstring(markup.replace("\x00", "").encode("utf-8", "replace") or b"<html/>", parser=parser)
    if root is None:
        root = etree.fromstring(b"<html/>", parser=parser)
    return Selector(root=root, type="html")
