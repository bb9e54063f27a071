"""The records of a run log: their lines are those of earlier versions, key by key."""

from __future__ import annotations

import json

import pytest

from crawler.storage import logline
from crawler.storage.logline import About, AnyState, FileRecord, Removal, ScopeChange, StateRecord

TIME = "2023-11-14T22:13:20Z"
SHA256 = "0" * 64
PATH = "zh/2023/10/7-a-title.txt"

LINES: list[tuple[AnyState, str]] = [
    (StateRecord("pending", "article", 7, TIME, hop=0, language="zh"),
     '{"state": "pending", "kind": "article", "id": 7, "time": "TIME", "hop": 0, "language": "zh"}'),
    (StateRecord("pending", "article", 7, TIME, hop=3),
     '{"state": "pending", "kind": "article", "id": 7, "time": "TIME", "hop": 3, "language": null}'),
    (StateRecord("pending", "picture", 63, TIME, rendition="303", url="https://example.org/63_303.jpg"),
     '{"state": "pending", "kind": "picture", "id": 63, "time": "TIME", "format": "303",'
     ' "url": "https://example.org/63_303.jpg"}'),
    (StateRecord("alias", "article", 7, TIME, target=8),
     '{"state": "alias", "kind": "article", "id": 7, "time": "TIME", "target": 8}'),
    (StateRecord("archived", "article", 7, TIME), '{"state": "archived", "kind": "article", "id": 7, "time": "TIME"}'),
    (StateRecord("archived", "liveblog", 7, TIME, published_ms=-5),
     '{"state": "archived", "kind": "liveblog", "id": 7, "time": "TIME", "published_ms": -5}'),
    (StateRecord("out of scope", "video", 7, TIME, reason="kind", hop=1),
     '{"state": "out of scope", "kind": "video", "id": 7, "time": "TIME", "reason": "kind", "hop": 1, "language": null}'),
    (StateRecord("unreadable", "article", 7, TIME, reason="not JSON", misses=1, missed_ms=5, next_ms=6, hop=0, language="en"),
     '{"state": "unreadable", "kind": "article", "id": 7, "time": "TIME", "reason": "not JSON", "misses": 1, "missed_ms": 5,'
     ' "next_ms": 6, "hop": 0, "language": "en"}'),
    (StateRecord("missing", "article", 7, TIME, "", "status 404", 1, 5, 6, None, 0, None),
     '{"state": "missing", "kind": "article", "id": 7, "format": "", "reason": "status 404", "misses": 1, "missed_ms": 5,'
     ' "next_ms": 6, "url": null, "hop": 0, "language": null, "time": "TIME"}'),
    (Removal(PATH, "damaged: cut off", TIME, SHA256),
     '{"state": "removed", "path": "PATH", "reason": "damaged: cut off", "time": "TIME", "found_sha256": "SHA256"}'),
    (Removal(PATH, "damaged: no access", TIME),
     '{"state": "removed", "path": "PATH", "reason": "damaged: no access", "time": "TIME", "found_sha256": null}'),
    (Removal(PATH, "damaged: lost", TIME, is_found=False),
     '{"state": "removed", "path": "PATH", "reason": "damaged: lost", "time": "TIME"}'),
    (ScopeChange(-1, ("article", "video"), TIME),
     '{"state": "scope", "depth": -1, "kinds": ["article", "video"], "time": "TIME"}'),
]  # fmt: skip


@pytest.mark.parametrize(("record", "line"), LINES)
def test_record_becomes_this_line(record: AnyState, line: str) -> None:
    line = line.replace("TIME", TIME).replace("PATH", PATH).replace("SHA256", SHA256)
    assert json.dumps(record.to_line()) == line
    logline.check(record.to_line())


@pytest.mark.parametrize("record", [record for record, _ in LINES])
def test_line_is_read_back_as_its_record(record: AnyState) -> None:
    assert logline.parse(record.to_line()) == record
    assert logline.parse({**record.to_line(), "key of a later version": 1, "rendition": 5}) == record


FILES = {
    About("article", 7, "u", TIME, "zh", 0, "api", "e", "", -5, stamp_ms=5): '"kind": "article", "id": 7, "url": "u",'
    ' "time": "TIME", "language": "zh", "hop": 0, "source": "api", "etag": "e", "last_modified": "", "published_ms": -5,'
    ' "stamp_ms": 5',
    About("article", 7, "u", TIME, "zh", 2, "page:react", "", "", -5, 8, stamp_ms=5): '"kind": "article", "id": 7, "url": "u",'
    ' "time": "TIME", "language": "zh", "hop": 2, "source": "page:react", "etag": "", "last_modified": "", "published_ms": -5,'
    ' "requested": 8, "stamp_ms": 5',
    About("article", 7, "u", TIME, origin="api", etag="e", last_modified="l"): '"kind": "article", "id": 7, "url": "u",'
    ' "time": "TIME", "source": "api", "etag": "e", "last_modified": "l"',
    About("picture", 63, "u", TIME): '"kind": "picture", "id": 63, "url": "u", "time": "TIME"',
    About("article", 7, "u", TIME, revision_of=PATH, stamp_ms=5): '"kind": "article", "id": 7, "url": "u", "time": "TIME",'
    ' "revision_of": "PATH", "stamp_ms": 5',
    About("video", 7, None, TIME, adopted=True): '"kind": "video", "id": 7, "time": "TIME", "adopted": true',
}


@pytest.mark.parametrize(("about", "keys"), FILES.items())
def test_record_of_a_file_becomes_this_line(about: About, keys: str) -> None:
    record = FileRecord(PATH, SHA256, 5, about)
    line = f'{{"path": "PATH", "sha256": "{SHA256}", "bytes": 5, {keys}}}'
    assert json.dumps(record.to_line()) == line.replace("TIME", TIME).replace("PATH", PATH)
    assert logline.parse(record.to_line()) == record


def test_keys_that_a_line_of_a_file_lacks_have_their_defaults() -> None:
    line = {"path": PATH, "sha256": SHA256, "bytes": 5, "kind": "article", "id": 7, "key of a later version": 1}
    assert logline.parse(line) == FileRecord(PATH, SHA256, 5, About("article", 7))
    later = {**line, "state": "removed", "stamp_ms": 3}
    assert logline.parse(later) == FileRecord(PATH, SHA256, 5, About("article", 7, stamp_ms=3))
