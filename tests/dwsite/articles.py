"""The named contents of the stand-in, with aliases and pictures. `ids.py` has their ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.dwsite import ids
from tests.dwsite.articles_languages import LANGUAGES
from tests.dwsite.articles_media import MEDIA_CONTENTS
from tests.dwsite.articles_quirks import QUIRKS
from tests.dwsite.ids import *  # noqa: F403  - so that `articles.SEED_ZH` works
from tests.dwsite.shapes import STANDARD, STATIC, Content, Json, reply

CONTENTS: dict[int, Content] = {content.id: content for content in (*LANGUAGES, *QUIRKS, *MEDIA_CONTENTS)}

UNREADABLE_REPLY: Json = {"type": "Article", "id": ids.UNREADABLE, "languageId": 2, "commentsEnabled": False}


def images_in(value: Any) -> Iterator[Json]:
    """Every picture object in a reply that has an id and sizes, in order."""
    if isinstance(value, dict):
        if isinstance(value.get("id"), int) and value.get("type") == "Image" and value.get("sizes"):
            yield value
        for part in value.values():
            yield from images_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from images_in(part)


def _known_pictures() -> dict[int, set[str] | None]:
    """Return the names that each picture is served under, by id; None for a picture of the usual sizes, which has all of
    them."""
    usual = {rendition for rendition, _, _ in STANDARD}
    known: dict[int, set[str] | None] = {}
    for content in CONTENTS.values():
        for picture in images_in(reply(content)):
            names = {size["url"].removeprefix(f"{STATIC}/image/") for size in picture["sizes"]}
            renditions = {int(name.rpartition("_")[2].partition(".")[0]) for name in names}
            before = known.get(picture["id"], set())
            known[picture["id"]] = None if (renditions <= usual and picture["id"] > 0) or before is None else names | before
    return known


PICTURES = _known_pictures()
