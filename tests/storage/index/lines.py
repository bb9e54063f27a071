"""An empty index, and lines of a run log to apply to it. Ids and paths are invented."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crawler.storage.index import agenda, refresh
from crawler.storage.index.objects import MISSING, Row, Scope
from crawler.storage.index.refresh import DAY_MS
from crawler.storage.index.sqlite import Index
from crawler.urls import PictureName
from tests.conftest import NOW_MS

RUN = "20231114T221320Z"
TIME = "2023-11-14T22:13:20Z"
NAME = PictureName(63, "303", "jpg")
PICTURE_URL = "https://static.dw.com/image/63_303.jpg"
Record = dict[str, Any]


@contextlib.contextmanager
def new_index() -> Iterator[Index]:
    """An empty index in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Index(Path(folder) / "index.sqlite")) as index:
        yield index


def document(dw_id: int = 7, **more: object) -> Record:
    """The log line of a document."""
    return {
        "path": f"zh/2023/11/{dw_id}-a.txt", "sha256": "0" * 64, "bytes": 5, "kind": "article", "id": dw_id, "url": "u",
        "time": TIME, "language": "zh", "hop": 0, "source": "api", "stamp_ms": NOW_MS, "published_ms": NOW_MS, **more,
    }  # fmt: skip


def reply(dw_id: int = 7, **more: object) -> Record:
    return {**document(dw_id), "path": f"zh/2023/11/{dw_id}-a.json.gz", **more}


def picture(**more: object) -> Record:
    return {"path": "images/0/63_303.jpg", "sha256": "1" * 64, "bytes": 9, "kind": "picture", "id": 63, "url": PICTURE_URL,
            "time": TIME, **more}  # fmt: skip


def state(name: str, dw_id: int = 7, **more: object) -> Record:
    return {"state": name, "kind": "article", "id": dw_id, "time": TIME, **more}


def missing(dw_id: int = 7, **more: object) -> Record:
    return state(MISSING, dw_id, reason="status 404", misses=1, missed_ms=NOW_MS, next_ms=NOW_MS + DAY_MS, **more)


def row(index: Index, dw_id: int = 7, rendition: str = "") -> Row:
    found = index.get(dw_id, rendition)
    assert found
    return found


def states(index: Index) -> dict[int, str]:
    return {dw_id: name for dw_id, name in index.select("SELECT id, state FROM objects")}  # noqa: C416


def due_ids(index: Index) -> list[int]:
    return [one.id for one in index.due()]


def begin(index: Index, now_ms: int = NOW_MS, depth: int = -1, what: str = "") -> list[int]:
    agenda.mark(index, now_ms, Scope(depth), refresh.DEFAULT_RULES, what)
    return due_ids(index)


def dump(index: Index) -> list[tuple[Any, ...]]:
    return [*index.select("SELECT * FROM objects ORDER BY id, rendition"), *index.select("SELECT * FROM files ORDER BY path")]
