"""The row of an object, and what a run wants."""

from __future__ import annotations

import pytest

from crawler.storage.index.objects import NO_LIMIT, PENDING, Row, Scope
from crawler.urls import DOCUMENT_KINDS, PictureName

PICTURE = Row(63, "303", "picture", PENDING)


def test_a_scope_without_arguments_is_everything() -> None:
    assert (Scope().farthest, Scope().kinds) == (NO_LIMIT, frozenset(DOCUMENT_KINDS))


@pytest.mark.parametrize(("depth", "farthest"), [(0, 0), (3, 3), (-1, NO_LIMIT), (-9, NO_LIMIT)])
def test_a_negative_depth_is_no_limit(depth: int, farthest: int) -> None:
    assert Scope(depth).farthest == farthest


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("images/0/63_303.webp", None), (None, "https://static.dw.com/image/63_303.webp"),
        ("images/0/63_303.webp", "https://static.dw.com/image/63_303.jpg"),
    ],
)  # fmt: skip
def test_a_picture_is_named_by_its_path_else_by_its_address(path: str | None, url: str | None) -> None:
    assert PICTURE._replace(path=path, url=url).picture == PictureName(63, "303", "webp")


def test_other_objects_are_no_pictures() -> None:
    with pytest.raises(ValueError, match="article 7 is not a picture"):
        _ = Row(7, "", "article", PENDING).picture
