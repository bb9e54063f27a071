"""Run `scrapy` commands in this process, and make small archives for them."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from scrapy.cmdline import execute

from crawler import clock, seedfile
from crawler.seedfile import SeedDocument
from crawler.storage import logline
from crawler.storage.logline import AnyState, FileRecord
from crawler.storage.opening import open_archive
from crawler.storage.writer import NewFile
from tests.crawling import ROOT

NOW_MS = 1_780_272_000_000
"""2026-06-01T00:00:00Z: the time it is in every command."""


@dataclass
class Ran:
    """The result of a command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def scrapy(*arguments: object, root: Path | None = None, now_ms: int = NOW_MS) -> Ran:
    """Run `scrapy {arguments}` on an archive, with captured output and a clock that stands still."""
    out, err = io.StringIO(), io.StringIO()
    settings = ["-s", f"ARCHIVE_DIR={root}", "-s", "ARCHIVE_MIN_FREE=0"] if root else []
    words = list(map(str, arguments))
    argv = ["scrapy", *words[:1], *settings, *words[1:]]
    with (
        contextlib.chdir(ROOT), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
        patch.object(clock, "now_ms", lambda: now_ms),
    ):  # fmt: skip
        try:
            execute(argv)
        except SystemExit as end:
            return Ran(int(end.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError("a command ends with an exit status")


def document(
    dw_id: int = 70000001, stamp_ms: int = NOW_MS, title: str = "A title", body: str = "<p>Some words.</p>",
    language: str = "en", date: str = "2026-05-01T10:00:00.000Z", author: str = "Somebody",
) -> SeedDocument:  # fmt: skip
    """Return a seed document with invented words."""
    url = f"https://www.dw.com/{language}/{title.replace(' ', '%20')}/a-{dw_id}"
    return SeedDocument(stamp_ms, title, url, f"<div><i>{author}<br>{date}</i></div>{body}")


def write(path: Path, document: SeedDocument) -> Path:
    """Write a document into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(seedfile.dumps(document), encoding="utf-8", newline="\n")
    return path


def archive_of(root: Path, *documents: SeedDocument, now_ms: int = NOW_MS) -> Path:
    """Make an archive of documents, as a run stores them."""
    archive = open_archive(root, now_ms, "a test")
    stored: dict[int | None, Future[list[dict[str, Any]]]] = {}
    for one in documents:
        if one.id in stored:
            archive.end_store(stored.pop(one.id))
        stored[one.id] = archive.begin_store(archive.plan_seed(one, "seed", now_ms)[1])
    for each in stored.values():
        archive.end_store(each)
    for one in documents:
        archive.register_document(one, "seed", 0)
    archive.close()
    return root


def state_of(line: Mapping[str, Any]) -> AnyState:
    """Return the record of a line of the log of states."""
    found = logline.parse(dict(line))
    assert not isinstance(found, FileRecord | None)
    return found


def store(root: Path, *files: NewFile, states: Sequence[AnyState | Mapping[str, Any]] = (), now_ms: int = NOW_MS) -> None:
    """Store files and states (records or lines) in an archive, in a separate run."""
    archive = open_archive(root, now_ms, "a test")
    archive.store_now(list(files), [state_of(state) if isinstance(state, Mapping) else state for state in states])
    archive.close()


def snapshot(root: Path) -> dict[str, bytes]:
    """Return the bytes of all files below a folder, by path."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
