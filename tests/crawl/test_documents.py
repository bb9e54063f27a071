"""Requests for documents: which, in what order, how many, and on what condition."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.crawl.documents import Documents
from crawler.crawl.registry import Registry
from crawler.storage import layout
from crawler.storage.index.objects import PENDING, Scope
from crawler.storage.logline import About
from crawler.storage.writer import NewReply
from tests.conftest import OpenArchive
from tests.crawl.fakes import run_with
from tests.helpers_commands import document

TIME = "2026-05-01T10:00:00Z"


def documents(run: Any) -> Documents:
    made = Documents(run, Registry(run), lambda response: None, lambda failure: None)
    made.open()
    return made


def archived(run: Any, etag: str = "e") -> str:
    """An article as a crawl stores it. Returns its path."""
    about = About("article", 70000001, "u", TIME, "en", 0, "api", etag, "")
    reply = NewReply("json", b"{}", About("article", 70000001, "u", TIME, origin="api", etag=etag, last_modified=""))
    run.archive.store_now(run.archive.document_files(document(), about, reply))
    return str(run.archive.index.get(70000001).path)


def test_nearest_then_newest_are_requested_once(archive: OpenArchive) -> None:
    run = run_with(archive())
    run.archive.register([7, 9], 1)
    run.archive.register([8], 0)
    made = documents(run)
    requests = iter(made.next_request, None)
    assert [request.meta["id"] for request in requests if request] == [8, 9, 7]
    assert run.stats["dw/request/attempted"] == 3
    assert not made.has_due()


def test_a_document_waits_for_room(archive: OpenArchive) -> None:
    run = run_with(archive())
    run.archive.register([7], 0)
    run.control.has_room = lambda most: False
    made = documents(run)
    assert made.next_request() is None
    assert made.has_due()


def test_a_dry_run_requests_nothing(archive: OpenArchive) -> None:
    run = run_with(archive(), dry_run=True)
    run.archive.register([7], 0)
    made = documents(run)
    assert (made.next_request(), made.has_due()) == (None, False)


def test_max_articles_limits_new_documents(archive: OpenArchive) -> None:
    run = run_with(archive(), max_articles=1, refresh="all")
    archived(run)
    run.archive.register([7, 8], 1)
    made = documents(run)
    asked = [request.meta["id"] for request in iter(made.next_request, None) if request]
    assert asked == [70000001, 8]
    assert made.is_cut_short()


@pytest.mark.parametrize("damage", ["", "document", "reply", "lost reply"])
def test_request_is_conditional_if_what_is_stored_is_sound(archive: OpenArchive, damage: str) -> None:
    run = run_with(archive(), refresh="all")
    stored = archived(run)
    path, reply = run.root / stored, run.root / layout.reply_path(stored)
    if damage == "lost reply":
        reply.unlink()
    elif damage:
        (path if damage == "document" else reply).write_bytes(b"other bytes")
    request = documents(run).next_request()
    assert request is not None
    assert request.meta["new"] is False
    assert request.headers.get("If-None-Match") == (None if damage else b"e")


def test_a_new_scope_is_logged_with_the_next_batch(archive: OpenArchive) -> None:
    run = run_with(archive(), scope=Scope(2, frozenset({"article"})))
    run.archive.register([7], 3)
    made = documents(run)
    [line] = made.registry._lines
    assert line.to_line()["depth"] == 2
    assert run.archive.index.get(7).state != PENDING
