"""The bundle of unreadable replies. Replies are invented."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from crawler.crawl import driftbundle
from tests.helpers_commands import archive_of, document, scrapy

REPLY = b"<h1>Soon</h1>"
NAME = f"unreadable/7-{hashlib.sha256(REPLY).hexdigest()[:12]}"
TOLD = {"kind": "article", "id": 7, "url": "https://api.dw.com/api/detail/article/7", "time": "2026-06-01T00:00:00Z",
        "reason": "not JSON", "status": 200, "content_type": "text/html"}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = archive_of(tmp_path / "archive", document(70000001))
    (found / "unreadable").mkdir()
    (found / f"{NAME}.reply").write_bytes(REPLY)
    (found / f"{NAME}.json").write_text(json.dumps({**TOLD, "by": "/home/ada"}), "utf-8")
    return found


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as bundle:
        assert bundle.testzip() is None
        return {name: bundle.read(name) for name in bundle.namelist()}


def test_bundle_holds_the_replies_what_is_known_of_them_and_nothing_else(root: Path, tmp_path: Path) -> None:
    (root / "unreadable" / "notes.txt").write_bytes(b"/home/ada")
    ran = scrapy("report-drift", "--to", str(tmp_path / "x" / "drift.zip"), root=root)
    assert (ran.status, ran.err) == (0, "")
    assert "1 unreadable reply, figures of 0 runs" in ran.out
    found = contents(tmp_path / "x" / "drift.zip")
    assert found[f"{NAME}.reply"] == REPLY
    assert json.loads(found[f"{NAME}.json"]) == TOLD
    assert set(found) == {"drift.json", f"{NAME}.reply", f"{NAME}.json"}
    assert b"ada" not in b"".join(found.values())


def test_same_replies_give_the_same_bundle(root: Path, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        driftbundle.write(root, tmp_path / name, [])
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize("told", [b"", b"[]", b"[" * 100_000, b"\xff", b'{"id": "\\ud800"}'])
def test_damaged_description_loses_no_reply(root: Path, tmp_path: Path, told: bytes) -> None:
    (root / f"{NAME}.json").write_bytes(told)
    assert driftbundle.write(root, tmp_path / "drift.zip", []) == (1, 0)
    assert contents(tmp_path / "drift.zip")[f"{NAME}.reply"] == REPLY


def test_replies_beyond_the_limit_are_left_out_and_counted(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driftbundle, "MOST_BYTES", len(REPLY) - 1)
    assert driftbundle.write(root, tmp_path / "drift.zip", []) == (0, 1)
    ran = scrapy("report-drift", "--to", str(tmp_path / "drift.zip"), "--force", root=root)
    assert ran.status == 0


def test_bundle_replaces_nothing_and_stays_out_of_the_archive(root: Path, tmp_path: Path) -> None:
    (tmp_path / "drift.zip").write_bytes(b"mine")
    for to in (tmp_path / "drift.zip", root / "drift.zip"):
        ran = scrapy("report-drift", "--to", str(to), root=root)
        assert ran.status == 1
        assert "Traceback" not in ran.err
    assert (tmp_path / "drift.zip").read_bytes() == b"mine"
