"""Damage to a log line, or odd content of a document, affects only that line or document."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler import times
from crawler.seedfile import SeedDocument
from crawler.storage import runlog
from crawler.storage.archive import Archive
from crawler.storage.index.objects import SCOPE
from crawler.storage.opening import open_archive
from crawler.upkeep import verify
from crawler.upkeep.repair import repair
from tests.crawling import NOW_MS, crawl
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.helpers_commands import archive_of, document, scrapy, write
from tests.shares import share
from tests.storage.test_recovery import rows

LATER_MS = NOW_MS + 86_400_000
FLIPS, TORTURE_FLIPS = 60, 1000
SEEDS = (dw.SEED_ZH, dw.MISSING, dw.UNREADABLE, dw.VIDEO, dw.LIVEBLOG,
         dw.PICTURE_TYPES, dw.ALIAS_REDIRECT, dw.ALIAS_DIRECT, *dw.CYCLE)  # fmt: skip


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with everything that a crawl logs: documents, revisions, misses, an alias, unreadable replies, its scope."""
    root = tmp_path_factory.mktemp("crawled") / "archive"
    with Site() as site:
        crawl(root, SEEDS, site=site, now_ms=NOW_MS)
        site.edit(dw.SEED_ZH, add_paragraph="What came to light later.")
        crawl(root, SEEDS, "refresh=all", site=site, now_ms=NOW_MS + 5000)
    states = {record.get("state") for log in runlog.run_logs(root) for record in runlog.read_log(log)}
    assert states >= {None, "missing", "alias", "unreadable", SCOPE}
    opened(root, rebuild=True).close()  # the language of an alias is in no log
    return root


def opened(root: Path, **options: Any) -> Archive:
    return open_archive(root, LATER_MS, "a test", **options)


def repaired(root: Path) -> None:
    """Repair as `scrapy repair` does."""
    archive = opened(root)
    archive.index.commit()
    done = repair(archive, verify.verify(root, recovered=True), times.iso(LATER_MS))
    archive.close()
    if done.index_is_wrong:
        opened(root, rebuild=True).close()


def known(root: Path, without: set[object]) -> list[tuple[Any, ...]]:
    """Return the index without some ids and paths, and without language and hop, which also come from documents that
    refer to a document."""
    archive = opened(root)
    found = [row[:5] + row[7:] if len(row) > 4 else row for row in rows(archive) if not without & set(row)]
    archive.close()
    return found


def flip(log: Path, place: int) -> set[object]:
    """Flip a bit. Returns the ids and paths in the damaged lines."""
    data = bytearray(log.read_bytes())
    hit = next(line for line in places(log) if line[0] <= place // 8 < line[1])
    data[place // 8] ^= 1 << place % 8
    log.write_bytes(bytes(data))
    return {value for key, value in hit[2].items() if key in ("id", "path", "target", "requested", "state")}


def places(log: Path) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield start, end and record of each line of a sound log."""
    start = 0
    for line in runlog.lines(log):
        yield start, start + len(line.data), line.records[0]
        start += len(line.data)


def judge(crawled: Path, root: Path, chance: random.Random) -> None:
    """Flip a bit of a log in a copy; check that it is reported, that the index can be rebuilt, and that repair fixes it."""
    shutil.copytree(crawled, root)
    log = chance.choice(runlog.run_logs(root))
    place = chance.randrange(log.stat().st_size * 8)
    hit = flip(log, place)
    named = {(damage.what, damage.path) for damage in verify.verify(root).damages}
    assert (verify.LOG_DAMAGED, f"runs/{log.name}") in named, (log.name, place)
    before = known(root, hit)  # everything logged is registered
    for path in root.glob("index.sqlite*"):
        path.unlink()
    said: list[str] = []
    opened(root, say=said.append).close()
    if not {SCOPE, "alias"} & hit:
        assert known(root, hit) == before, (log.name, place)
    assert any(f"runs/{log.name} line " in sentence for sentence in said)
    assert not verify.verify(root).is_sound
    repaired(root)
    assert verify.verify(root).damages == [], (log.name, place)
    assert not [line.problem for each in runlog.run_logs(root) for line in runlog.lines(each) if line.problem]


@pytest.mark.parametrize("number", share(range(FLIPS), 6))
def test_flipped_bit_of_a_log_is_reported_and_repaired(crawled: Path, tmp_path: Path, number: int) -> None:
    judge(crawled, tmp_path / "archive", random.Random(number))


@pytest.mark.torture
@pytest.mark.parametrize("number", range(FLIPS, TORTURE_FLIPS))
def test_any_flipped_bit_of_a_log_is_reported_and_repaired(crawled: Path, tmp_path: Path, number: int) -> None:
    judge(crawled, tmp_path / "archive", random.Random(number))

def test_log_that_lost_its_end_is_reported_and_repaired(crawled: Path, tmp_path: Path) -> None:
    """The log is cut between two lines, so that no line is damaged, but the index has read more."""
    root = Path(shutil.copytree(crawled, tmp_path / "archive"))
    for log in runlog.run_logs(root):
        lines = [line.data for line in runlog.lines(log)]
        log.write_bytes(b"".join(lines[:-1]))
    named = {damage.path for damage in verify.verify(root).damages if damage.what == verify.LOG_DAMAGED}
    assert named == {f"runs/{log.name}" for log in runlog.run_logs(root)}
    repaired(root)
    assert verify.verify(root).damages == []


# ---- documents ------------------------------------------------------------------------------------------------------

TOO_MANY_DIGITS = "&#" + "9" * 5000 + ";"
BODIES = {
    "link": f'<p><a href="{TOO_MANY_DIGITS}" rel="ArticleRef">more</a></p>',
    "picture": f'<img src="{TOO_MANY_DIGITS}" width="100%">',
    "video": f'<p>words</small></p><video src="{TOO_MANY_DIGITS}" controls style="width:100%"></video>',
    "words": f"<p>{TOO_MANY_DIGITS}</p>",
    "no host": '<p><a href="https://[/api/detail/article/7" rel="ArticleRef">more</a></p>',
}


@pytest.mark.parametrize("body", BODIES)
def test_no_content_of_a_document_stops_a_command(tmp_path: Path, body: str) -> None:
    odd = document(70000001, title="Odd", body=BODIES[body])
    root = archive_of(tmp_path / "archive", document(70000002, title="Two"))
    assert scrapy("add", write(tmp_path / "odd.txt", odd), root=root).status == 0
    newer = replace(odd, stamp_ms=odd.stamp_ms + 1000, html=odd.html + "<p>More.</p>")
    assert scrapy("add", write(tmp_path / "newer.txt", newer), root=root).status == 0
    for _ in range(2):
        for command in ("reindex", "verify", "repair", "reread", "diff 70000001", "new-seeds --json", "status"):
            ran = scrapy(*command.split(), root=root)
            assert (ran.status, "Traceback" in ran.err) == (0, False), command
        (root / "index.sqlite").unlink()
        assert verify.verify(root).counts() == {verify.INDEX_DAMAGED: 1}


def test_no_content_of_a_seed_document_keeps_a_crawl_from_the_others(tmp_path: Path) -> None:
    ids = range(70900001, 70900001 + len(BODIES))
    for dw_id, body in zip(ids, BODIES.values(), strict=True):
        write(tmp_path / "seeds" / f"{dw_id}.txt", document(dw_id, body=body))
    write(tmp_path / "seeds" / "last.txt", document(70900099))
    with Site() as site:
        outcome = crawl(tmp_path / "archive", tmp_path / "seeds", "depth=0", site=site)
    assert outcome.documents.keys() == {*ids, 70900099}
    assert "Traceback" not in outcome.stderr


def test_only_the_line_that_cannot_be_applied_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise an unexpected error."""
    root = archive_of(tmp_path / "archive", document(70000001, title="One"), document(70000002, title="Two"))
    heard = Archive.register_document

    def register(self: Archive, found: SeedDocument, origin: str, hop: int) -> None:
        if found.id == 70000001:
            raise RuntimeError("odd")
        heard(self, found, origin, hop)

    monkeypatch.setattr(Archive, "register_document", register)
    said: list[str] = []
    archive = opened(root, rebuild=True, say=said.append)
    assert {row.id for row in archive.index.documents()} == {70000001, 70000002}
    archive.close()
    assert any("line 1: odd" in sentence for sentence in said)
