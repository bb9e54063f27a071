"""After an unclean end, only files that are proved are adopted. Words are invented."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from crawler import seedfile
from crawler.dw import places
from crawler.seedfile import SeedDocument
from crawler.storage import layout, runlog
from crawler.storage.archive import Archive
from crawler.storage.index.objects import ARCHIVED, PENDING
from crawler.storage.logline import About
from crawler.storage.writer import NewReply
from crawler.upkeep import verify
from tests.conftest import NOW_MS, OpenArchive
from tests.killing import Fault, files, linux_only, problems
from tests.shares import share
from tests.storage.test_archive import TIME, picture
from tests.storage.test_kill import World, changed, small, small_site  # noqa: F401
from tests.storage.test_pictures import JPEG

# ---- archives altered after a kill ----------------------------------------------------------------------------

WAYS: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit": lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 128]) + data[len(data) // 2 + 1 :],
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "zeros": lambda data: bytes(len(data)),
    "other words": lambda data: data[:-1] + b" and more\n",
    "another reply": lambda data: gzip.compress(b'{"type":"Article","id":7,"name":"Another","text":"Words."}', mtime=0),
}
KINDS: dict[str, Callable[[str], object]] = {
    "document": layout.is_document, "reply": layout.is_reply, "picture": layout.picture_of,
}  # fmt: skip
CASES = [("document", way) for way in WAYS if way != "another reply"] + [
    (kind, way) for kind in ("reply", "picture") for way in WAYS if way not in ("other words",)
]


def alter(root: Path, kind: str, way: str) -> set[str]:
    """Alter every file of a kind. Returns the new sha256 of each.

    A flipped bit inside a picture that no log names cannot be noticed: it is new, and whole by its own format.
    """
    altered = set()
    logged = {record["path"] for log in runlog.run_logs(root) for record in runlog.read_log(log) if "path" in record}
    for name, data in files(root).items():
        if KINDS[kind](name) and ((kind, way) != ("picture", "a flipped bit") or name in logged):
            (root / name).write_bytes(after := WAYS[way](data))
            assert after != data
            altered.add(hashlib.sha256(after).hexdigest())
    assert altered
    return altered


def adopted(root: Path) -> set[str]:
    """Return the sha256 of all files that the logs call stored."""
    return {record["sha256"] for log in runlog.run_logs(root) for record in runlog.read_log(log) if "sha256" in record}


KILLED_AFTER = {
    "document": Fault("rename", "document", 4, "after"), "reply": Fault("rename", "reply", 4, "after"),
    "picture": Fault("rename", "reply", 4, "after"),
}  # fmt: skip


@linux_only
@pytest.mark.parametrize(
    ("kind", "way", "fault"),
    [(kind, way, KILLED_AFTER[kind]) for kind, way in CASES]
    + [pytest.param(kind, way, fault, marks=pytest.mark.torture) for kind, way in CASES
       for fault in (KILLED_AFTER["document"], KILLED_AFTER["reply"]) if fault != KILLED_AFTER[kind]],
    ids=str,
)  # fmt: skip
def test_files_altered_after_a_kill_are_fetched_again(
    small: World, tmp_path: Path, kind: str, way: str, fault: Fault  # noqa: F811
) -> None:
    archive = tmp_path / "archive"
    assert small.runner.crawl(archive, fault=fault).status == -signal.SIGKILL
    altered = alter(archive, kind, way)
    small.runner.complete(archive)
    assert not altered & adopted(archive)
    shutil.rmtree(archive / "damaged", ignore_errors=True)
    small.judge(archive)
    assert verify.verify(archive).damages == []


@linux_only
@pytest.mark.parametrize(("kind", "way"), share((case for case in CASES if case[0] != "picture"), 4))
def test_files_altered_after_a_kill_while_revising_are_not_adopted(
    changed: tuple[World, Path], tmp_path: Path, kind: str, way: str  # noqa: F811
) -> None:
    world, before = changed
    archive = shutil.copytree(before, tmp_path / "archive")
    assert world.runner.crawl(archive, fault=Fault("rename", "document", 5, "after")).status == -signal.SIGKILL
    altered = alter(archive, kind, way)
    world.runner.complete(archive)
    assert not altered & adopted(archive)
    shutil.rmtree(archive / "damaged", ignore_errors=True)
    assert not problems(archive)
    now, uninterrupted = files(archive), files(world.archive)
    for name in filter(layout.is_document, uninterrupted):
        assert now[name].split(b"\n", 1)[1] == uninterrupted[name].split(b"\n", 1)[1]
    assert verify.verify(archive).damages == []


# ---- one file at a time ---------------------------------------------------------------------------------------------


def reply_of(words: str, dw_id: int = 7) -> bytes:
    """Return a reply of api.dw.com as it is stored."""
    reply = {"type": "Article", "id": dw_id, "languageId": 4, "name": "A title", "text": words,
             "displayDate": "2023-10-06T01:48:46.923Z"}  # fmt: skip
    return gzip.compress(json.dumps(reply).encode(), 6, mtime=0)


def document_of(reply: bytes, stamp_ms: int = NOW_MS, dw_id: int = 7) -> SeedDocument:
    article = places.read("api:article", gzip.decompress(reply), dw_id, "article", "zh")
    return places.document(article, stamp_ms, "zh")


def bytes_of(document: SeedDocument) -> bytes:
    return seedfile.dumps(document).encode()


OLD, NEW = reply_of("Old words."), reply_of("New words.")
DOCUMENT, REPLY = "zh/2023/10/7-a-title.txt", "zh/2023/10/7-a-title.json.gz"
REVISION, REVISED_REPLY = f"revisions/7/{NOW_MS}.txt", f"revisions/7/{NOW_MS}.json.gz"
LATER = document_of(NEW, NOW_MS + 5000)


def stored(archive: Archive, reply: bytes = OLD) -> None:
    """Store an article and its reply, as a crawl does."""
    about = About("article", 7, "https://api.dw.com/api/detail/article/7", TIME, language="zh", hop=0, origin="api")
    beside = NewReply("json", gzip.decompress(reply), about)
    archive.store_now(archive.document_files(document_of(reply), about, beside))


def killed(archive: Archive, **put: bytes) -> None:
    """Write files as a run does that is killed before it logs them."""
    for name, data in put.items():
        path = archive.root / {"document": DOCUMENT, "reply": REPLY, "revision": REVISION, "revised_reply": REVISED_REPLY}[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    archive.close(clean=False)


def outcome(archive: Archive) -> dict[str, str]:
    """Return what happened to each file that no run logged (adopted, aside or left), or that differs from the log (waits)."""
    found = {record["path"]: "adopted" for log in runlog.run_logs(archive.root) for record in runlog.read_log(log)
             if record.get("adopted")}  # fmt: skip
    aside = archive.root / "damaged"
    found |= {path.relative_to(aside).as_posix(): "aside" for path in aside.rglob("*") if path.is_file()}
    there = (path for path in files(archive.root) if not path.startswith("damaged/"))
    odd = {path: "waits" if archive.index.file(path) else "left" for path in there if not archive.is_sound(path)}
    return odd | found


OTHER = replace(LATER, html=LATER.html.replace("New", "Few"))
ALTERED = replace(document_of(OLD), html="<p>Altered words.</p>")
FORMAT_ONLY = replace(document_of(OLD), stamp_ms=NOW_MS + 9000, html="<p>From a file.</p>")


@pytest.mark.parametrize(
    ("put", "expected"),
    [
        # leftovers of a kill
        ({"document": bytes_of(LATER), "reply": NEW}, {DOCUMENT: "adopted", REPLY: "adopted"}),
        ({"reply": NEW}, {REPLY: "left"}),
        ({"document": bytes_of(FORMAT_ONLY)}, {DOCUMENT: "adopted"}),  # a seed document
        # altered files
        ({"document": bytes_of(OTHER), "reply": NEW}, {DOCUMENT: "aside", REPLY: "aside"}),
        ({"document": bytes_of(LATER), "reply": OLD}, {DOCUMENT: "aside", REPLY: "aside"}),
        ({"document": bytes_of(LATER), "reply": NEW[:-1]}, {DOCUMENT: "aside", REPLY: "aside"}),
        ({"document": bytes_of(LATER)[:-1], "reply": NEW}, {DOCUMENT: "left", REPLY: "left"}),
        ({"document": bytes_of(document_of(reply_of("Words.", 8), dw_id=8))}, {DOCUMENT: "left"}),
    ],
)
def test_new_document_and_reply_after_a_kill(archive: OpenArchive, put: dict[str, bytes], expected: dict[str, str]) -> None:
    killed(archive(), **put)
    again = archive(NOW_MS + 10_000)
    assert outcome(again) == expected
    row = again.index.get(7)
    assert (row.state if row else None) == (ARCHIVED if expected.get(DOCUMENT) == "adopted" else None)


BOTH_KEPT = {"revision": bytes_of(document_of(OLD)), "revised_reply": OLD}
KEPT = {REVISION: "adopted", REVISED_REPLY: "adopted"}


@pytest.mark.parametrize(
    ("put", "expected"),
    [
        # leftovers of a kill, step by step
        ({"revised_reply": OLD}, {REVISED_REPLY: "adopted"}),
        (BOTH_KEPT, KEPT),
        ({**BOTH_KEPT, "reply": NEW}, {**KEPT, REPLY: "waits"}),  # not proved until its document is stored
        ({**BOTH_KEPT, "reply": NEW, "document": bytes_of(LATER)}, {**KEPT, REPLY: "adopted", DOCUMENT: "adopted"}),
        ({**BOTH_KEPT, "document": bytes_of(FORMAT_ONLY)}, {**KEPT, DOCUMENT: "adopted"}),  # `scrapy add` of a newer one
        # altered files
        ({**BOTH_KEPT, "document": bytes_of(ALTERED)}, {**KEPT, DOCUMENT: "aside", REPLY: "aside"}),
        ({"reply": NEW}, {REPLY: "aside"}),
        ({"reply": OLD[:-1]}, {REPLY: "aside"}),
        ({"document": bytes_of(LATER)}, {DOCUMENT: "aside", REPLY: "aside"}),
        ({"document": b""}, {DOCUMENT: "aside", REPLY: "aside"}),
        ({**BOTH_KEPT, "reply": NEW, "document": bytes_of(OTHER)}, {**KEPT, DOCUMENT: "aside", REPLY: "aside"}),
        ({**BOTH_KEPT, "reply": gzip.compress(b"{}")}, {**KEPT, REPLY: "aside"}),
        ({"revision": b"<!--1-->\n["}, {REVISION: "left"}),
        ({"revised_reply": OLD[:-1]}, {REVISED_REPLY: "left"}),
    ],
)
def test_revised_document_and_reply_after_a_kill(
    archive: OpenArchive, put: dict[str, bytes], expected: dict[str, str]
) -> None:
    found = archive()
    stored(found)
    killed(found, **put)
    again = archive(NOW_MS + 10_000)
    assert outcome(again) == expected
    row = again.index.get(7)
    assert row
    assert row.state == (PENDING if expected.get(DOCUMENT) == "aside" else ARCHIVED)
    if REPLY in expected and expected.get(DOCUMENT) != "adopted":
        assert row.checked_ms == 0 or row.state == PENDING, "it is compared with DW in any case"
    again.close()
    logged = {(damage.what, damage.path) for damage in verify.verify(again.root).damages}
    assert not {path for what, path in logged if expected.get(path) not in ("left", "waits")}


def test_document_that_its_own_reply_gives_is_adopted_even_if_the_old_one_is_lost(archive: OpenArchive) -> None:
    """`scrapy reread` writes such a document if the old one was lost or damaged."""
    found = archive()
    stored(found)
    killed(found, document=bytes_of(replace(document_of(OLD), stamp_ms=NOW_MS + 5000)))
    assert outcome(archive(NOW_MS + 10_000)) == {DOCUMENT: "adopted"}


def test_altered_reply_of_a_revision_that_was_under_way_is_never_adopted(archive: OpenArchive) -> None:
    """The kill came after the reply was renamed and before its document was: nothing proves that this reply is unaltered."""
    found = archive()
    stored(found)
    killed(found, **BOTH_KEPT, reply=reply_of("Altered words.", 8))
    again = archive(NOW_MS + 10_000)
    assert outcome(again) == {**KEPT, REPLY: "waits"}
    row = again.index.get(7)
    assert row
    assert row.checked_ms == 0, "it is compared with DW, without a condition, in any case"


@pytest.mark.parametrize("folder", ["zh/2023/10/7-copy", "zh/2026/01/7-weisse-worte", "und/2023/10/7"])
@pytest.mark.parametrize("rebuild", [False, True])
def test_copy_of_an_archived_document_under_another_path_is_left_alone(
    archive: OpenArchive, folder: str, rebuild: bool
) -> None:
    found = archive()
    stored(found)
    for end, data in ((".txt", bytes_of(LATER)), (".json.gz", NEW)):
        (found.root / folder).parent.mkdir(parents=True, exist_ok=True)
        (found.root / (folder + end)).write_bytes(data)
    found.close(clean=rebuild)
    again = archive(NOW_MS + 10_000, rebuild=rebuild)
    assert outcome(again) == {f"{folder}.txt": "left", f"{folder}.json.gz": "left"}
    row = again.index.get(7)
    assert row
    assert row.path == DOCUMENT


def test_picture_that_is_not_the_logged_one_is_set_aside_and_due(archive: OpenArchive) -> None:
    found = archive()
    picture(found)
    path = found.root / "images/0/63_303.jpg"
    path.write_bytes(JPEG[:-1] + b"\0" + JPEG[-1:] + JPEG)
    found.close(clean=False)
    said: list[str] = []
    again = archive(NOW_MS + 10_000, say=said.append)
    row = again.index.get(63, "303")
    assert row
    assert (row.state, row.due, path.exists()) == (PENDING, 1, False)
    assert "damaged files moved to damaged/, to be fetched again: images/0/63_303.jpg" in said[-1]


@pytest.mark.parametrize(("seconds", "is_looked_at"), [(30, True), (59, True), (61, False)])
def test_file_a_little_older_than_the_run_is_checked_too(archive: OpenArchive, seconds: int, is_looked_at: bool) -> None:
    """A clock may have been set, and a run's name may be later than its start."""
    found = archive()
    picture(found)
    path = found.root / "images/0/63_303.jpg"
    path.write_bytes(b"other")
    os.utime(path, (NOW_MS / 1000 - seconds, NOW_MS / 1000 - seconds))
    found.close(clean=False)
    [damage] = [damage for damage in verify.verify(found.root).damages if damage.path == "images/0/63_303.jpg"]
    assert (damage.what == verify.UNFINISHED) is is_looked_at
    assert path.exists()
    archive(NOW_MS + 10_000).close()
    assert path.exists() is not is_looked_at


def test_file_is_set_aside_in_the_next_run_if_a_kill_prevented_it(
    archive: OpenArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    found = archive()
    stored(found)
    killed(found, document=bytes_of(LATER))
    with monkeypatch.context() as patched:
        patched.setattr("crawler.storage.disk.move", interrupted)
        with pytest.raises(KeyboardInterrupt):
            archive(NOW_MS + 10_000)
    assert (found.root / DOCUMENT).exists()
    assert outcome(archive(NOW_MS + 20_000)) == {DOCUMENT: "aside", REPLY: "aside"}


@pytest.mark.parametrize(
    ("name", "data", "is_adopted"),
    [
        ("7-{}.reply", b"odd", True), ("7-0123456789ab.reply", b"odd", False),
        ("7-0123456789ab.json", b'{"id": 7}', True), ("7-0123456789ab.json", b'{"id": 8}', False),
        ("7-0123456789ab.json", b"[" * 100_000, False), ("7-0123456789ab.json", b"", False),
    ],
)  # fmt: skip
def test_kept_reply_is_adopted_if_its_name_or_its_json_proves_it(
    archive: OpenArchive, name: str, data: bytes, is_adopted: bool
) -> None:
    found = archive()
    path = f"unreadable/{name.format(hashlib.sha256(data).hexdigest()[:12])}"
    (found.root / "unreadable").mkdir()
    (found.root / path).write_bytes(data)
    found.close(clean=False)
    assert outcome(archive(NOW_MS + 10_000)) == {path: "adopted" if is_adopted else "left"}


def test_log_line_of_a_revised_document_is_damaged_and_its_reply_proves_it(archive: OpenArchive) -> None:
    found = archive()
    stored(found)
    found.close()
    found = archive(NOW_MS + 5000)
    stored(found, NEW)
    found.close()
    [_, log] = [log for log in runlog.run_logs(found.root) if log.name.endswith(runlog.FILES_END)]
    log.write_bytes(log.read_bytes().replace(b'"sha256"', b'"sha257"'))
    (found.root / "index.sqlite").unlink()
    again = archive(NOW_MS + 10_000)
    assert outcome(again) == {DOCUMENT: "adopted", REPLY: "adopted", **KEPT}
