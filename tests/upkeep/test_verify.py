"""`verify` finds all damage and nothing else, and `repair` restores what can be restored."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.storage import lastverify, layout
from crawler.storage.index.apply import apply
from crawler.storage.index.objects import ARCHIVED, PENDING
from crawler.storage.lock import Lock
from crawler.storage.logline import About, Removal
from crawler.storage.opening import open_archive
from crawler.storage.tree import walk
from crawler.storage.writer import NewFile
from crawler.upkeep import verify
from crawler.upkeep.shard import Shard
from crawler.upkeep.verify import Verdict
from tests.crawling import crawl, files
from tests.dwsite.client import Site
from tests.dwsite.ids import FIRST_SYNTHETIC
from tests.helpers_commands import NOW_MS, Ran, archive_of, document, scrapy, snapshot, store

ARTICLES = 110
FLIPPED, DELETED, CUT, STRANGERS = 200, 20, 20, 20


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site("--articles", str(ARTICLES)) as site:
        yield site


@pytest.fixture(scope="module")
def crawled(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("crawled") / "archive"
    outcome = crawl(root, range(FIRST_SYNTHETIC, FIRST_SYNTHETIC + ARTICLES), site=site, now_ms=NOW_MS)
    assert outcome.status == 0, outcome.stderr
    assert len(outcome.files) == ARTICLES * 5
    return root


@pytest.fixture
def root(crawled: Path, tmp_path: Path) -> Path:
    """A copy of an archive of the stand-in: a document, a reply and three pictures for each article."""
    return Path(shutil.copytree(crawled, tmp_path / "archive"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """An archive of two seed documents and a picture."""
    root = archive_of(tmp_path / "small", document(70000001, title="One"), document(70000002, title="Two"))
    data = b"\xff\xd8\xff" + bytes(1000) + b"\xff\xd9"
    about = About("picture", 71000001, "https://static.dw.com/image/71000001_303.jpg", "")
    store(root, NewFile("images/710/71000001_303.jpg", data, about))
    return root


ONE, TWO, PICTURE = "en/2026/05/70000001-one.txt", "en/2026/05/70000002-two.txt", "images/710/71000001_303.jpg"


def found(verdict: Verdict) -> set[tuple[str, str]]:
    return {(damage.what, damage.path) for damage in verdict.damages}


def flip_a_bit(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1 << place % 8
    path.write_bytes(data)


def damage(root: Path) -> set[tuple[str, str]]:
    """Flip bits, delete, cut and add files, by a fixed rule. Returns the damage done."""
    chance = random.Random(7)
    paths = chance.sample(list(walk(root)), FLIPPED + DELETED + CUT)
    done = set()
    for path in paths[:FLIPPED]:
        flip_a_bit(root / path, chance.randrange(10_000))
        done.add((verify.CHANGED, path))
    for path in paths[FLIPPED : FLIPPED + DELETED]:
        (root / path).unlink()
        done.add((verify.LOST, path))
    for path in paths[FLIPPED + DELETED :]:
        os.truncate(root / path, chance.randrange((root / path).stat().st_size))
        done.add((verify.CUT, path))
    some = sorted((root / "images").rglob("*.jpg"))[0]
    for number in range(STRANGERS):
        path = f"en/2026/03/{79_000_000 + number}-stranger{('.txt', '.json.gz', '.html', '')[number % 4]}"
        if number % 5 == 0:
            path = f"images/790/{79_000_000 + number}_303.jpg"
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(some, root / path)
        done.add((verify.UNKNOWN, path))
    return done


# ---- verify ---------------------------------------------------------------------------------------------------------


def test_sound_archive_has_no_damage(root: Path) -> None:
    verdict = verify.verify(root)
    assert found(verdict) == set()
    assert verdict.is_sound
    assert verdict.files == verdict.logged == ARTICLES * 5
    assert verdict.bytes == sum((root / path).stat().st_size for path in walk(root))


def test_verify_finds_exactly_the_damage_that_was_done(root: Path) -> None:
    done = damage(root)
    assert found(verify.verify(root)) == done
    assert len(done) == FLIPPED + DELETED + CUT + STRANGERS


def test_verify_changes_only_its_note(root: Path) -> None:
    damage(root)
    before = snapshot(root)
    assert scrapy("verify", root=root).status == 10
    after = snapshot(root)
    noted = json.loads(after.pop("verify.json"))
    assert after == before
    assert noted == {"time": "2026-06-01T00:00:00Z", "damaged": FLIPPED + DELETED + CUT, "files": noted["files"],
                     "bytes": noted["bytes"]}  # fmt: skip


def test_note_of_verify_is_replaced_and_not_part_of_the_archive(small: Path) -> None:
    (small / ".tmp-0-verify.json").write_bytes(b"")  # of a verify that was killed
    (small / ONE).unlink()
    assert scrapy("verify", root=small).status == 10
    assert lastverify.read(small).damaged == 1  # type: ignore[union-attr]
    (small / ONE).write_bytes(b"")
    scrapy("repair", root=small)
    assert scrapy("verify", "--strict", root=small).status == 0
    assert lastverify.read(small).damaged == 0  # type: ignore[union-attr]
    assert not list(small.glob(".tmp-*"))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"time": 7, "damaged": 1, "files": 1, "bytes": 1}', b"\xff"])
def test_damaged_note_of_verify_is_ignored(data: bytes, small: Path) -> None:
    (small / "verify.json").write_bytes(data)
    assert lastverify.read(small) is None


def test_last_log_line_of_a_path_counts(small: Path) -> None:
    store(small, NewFile(PICTURE, b"\xff\xd8\xffother\xff\xd9", About("picture", 71000001, "", "")))
    assert verify.verify(small).is_sound


def test_removed_path_is_not_reported_as_lost(small: Path) -> None:
    (small / PICTURE).unlink()
    store(small, states=[Removal(PICTURE, "a test", is_found=False)])
    assert verify.verify(small).is_sound


def test_temporary_file_of_a_run_that_ended_is_named(small: Path) -> None:
    (small / "en/.tmp-1-x.txt").write_bytes(b"")
    (small / "runs/.tmp-2-x.report.json").write_bytes(b"")
    temporary = {"en/.tmp-1-x.txt", "runs/.tmp-2-x.report.json"}
    assert found(verify.verify(small)) == {(verify.TEMPORARY, path) for path in temporary}


def test_log_line_that_cannot_be_read_is_named(small: Path) -> None:
    log = sorted((small / "runs").glob("*.jsonl"))[0]
    log.write_bytes(log.read_bytes().replace(b'"sha256"', b'"sha256', 1))
    assert (verify.LOG_DAMAGED, f"runs/{log.name}") in found(verify.verify(small))


def test_log_line_cut_off_by_a_crash_is_not_damage(small: Path) -> None:
    log = sorted((small / "runs").glob("*.jsonl"))[0]
    with log.open("ab") as lines:
        lines.write(b'{"path":"en/2026/05/7')
    assert verify.verify(small).is_sound


@pytest.mark.parametrize("end", [bytes(40), b"x" * 40, b"", b'{"path":'])
def test_log_that_lost_its_end_is_reported_and_repaired(small: Path, end: bytes) -> None:
    log = sorted((small / "runs").glob("*.jsonl"))[0]
    log.write_bytes(log.read_bytes()[:-40] + end)
    assert found(verify.verify(small)) >= {(verify.LOG_DAMAGED, f"runs/{log.name}")}
    assert scrapy("repair", root=small).status in (0, 3)
    assert verify.verify(small).damages == []


def test_row_without_file_and_file_without_row_are_named(small: Path) -> None:
    archive = open_archive(small, NOW_MS, "a test")
    apply(archive.index, {"path": "en/2026/05/70000003.txt", "sha256": "0", "bytes": 1, "kind": "article", "id": 70000003}, "")
    archive.index.change("DELETE FROM files WHERE path = ?", [ONE])
    archive.close()
    assert found(verify.verify(small)) == {
        (verify.ROW_WITHOUT_FILE, "en/2026/05/70000003.txt"), (verify.ROW_WITHOUT_FILE, ONE), (verify.FILE_WITHOUT_ROW, ONE),
    } - {(verify.ROW_WITHOUT_FILE, ONE)}  # fmt: skip


@pytest.mark.parametrize("content", [None, b"", b"rubbish" * 1000])
def test_missing_or_damaged_index_is_named(small: Path, content: bytes | None) -> None:
    (small / layout.INDEX).unlink()
    if content is not None:
        (small / layout.INDEX).write_bytes(content)
    assert found(verify.verify(small)) == {(verify.INDEX_DAMAGED, layout.INDEX)}


def test_file_name_that_is_not_utf8_is_unknown(small: Path) -> None:
    (small / "en" / os.fsdecode(b"a\xff")).write_bytes(b"")
    ran = scrapy("verify", root=small)
    assert ran.status == 0
    assert r"en/a\xff" in ran.out


def test_leftovers_of_a_killed_run_are_not_damage(small: Path) -> None:
    archive = open_archive(small, NOW_MS, "a test")
    archive.close(clean=False)
    (small / "en/.tmp-1-x.txt").write_bytes(b"")
    (small / "images/710/71000002_303.jpg").write_bytes(b"\xff\xd8\xff\xff\xd9")
    verdict = verify.verify(small)
    assert {damage.what for damage in verdict.damages} == {verify.UNFINISHED}
    assert verdict.is_sound
    assert scrapy("verify", root=small).status == 0


def test_folder_at_the_top_may_be_a_link_to_another_disk(small: Path, tmp_path: Path) -> None:
    (small / "images").rename(tmp_path / "large")
    (small / "images").symlink_to(tmp_path / "large")
    assert verify.verify(small).is_sound
    assert PICTURE in walk(small)
    (small / "zh").symlink_to(small)
    (small / "en/circle").symlink_to(small / "en")
    assert found(verify.verify(small)) == {(verify.UNKNOWN, "zh"), (verify.UNKNOWN, "en/circle")}


def test_verify_fails_at_once_if_the_archive_is_in_use(small: Path) -> None:
    lock = Lock(small / layout.LOCK, "scrapy crawl", "2026-06-01T00:00:00Z")
    ran = scrapy("verify", root=small)
    lock.release()
    assert ran.status == 5
    assert ran.err.count("\n") == 1
    assert "scrapy crawl" in ran.err


def test_verify_lists_the_first_of_many_and_json_all(root: Path) -> None:
    done = damage(root)
    ran = scrapy("verify", root=root)
    assert "changed: 200 (its bytes differ from what was stored)" in ran.out
    assert "  and 150 more; --json lists them all" in ran.out
    listed = scrapy("verify", "--json", root=root)
    assert listed.status == 10
    assert {(one["what"], one["path"]) for one in listed.json["damages"]} == done
    assert listed.json["counts"] == {"changed": FLIPPED, "cut": CUT, "lost": DELETED, "unknown": STRANGERS}


# ---- repair ---------------------------------------------------------------------------------------------------------


def test_repair_and_a_crawl_restore_everything_that_dw_serves(root: Path, site: Site) -> None:
    before = files(root)
    done = damage(root)
    repaired = scrapy("repair", "--json", root=root)
    assert repaired.status == 0
    on_disk = {path for what, path in done if what in (verify.CHANGED, verify.CUT)}
    assert on_disk <= {one["path"] for one in repaired.json["set_aside"]}
    unknown = {path for what, path in done if what == verify.UNKNOWN}
    assert found(verify.verify(root)) == {(verify.UNKNOWN, path) for path in unknown}
    outcome = crawl(root, "", "refresh=none", site=site, now_ms=NOW_MS)
    assert outcome.status == 0, outcome.stderr
    assert verify.verify(root).is_sound
    there = files(root)
    assert {path: there.pop(path) for path in unknown}, "what is unknown is left alone"
    assert {path: data for path, data in there.items() if not path.startswith("damaged/")} == before
    asked = Counter(path for path in outcome.asked() if "/detail/" in path or "/image/" in path)
    assert asked.total() == len(repaired.json["again"])
    assert set(asked.values()) == {1}


def test_damaged_files_are_kept_aside(root: Path) -> None:
    done = damage(root)
    damaged = {path: (root / path).read_bytes() for what, path in done if what in (verify.CHANGED, verify.CUT)}
    scrapy("repair", root=root)
    for path, data in damaged.items():
        assert (root / "damaged" / path).read_bytes() == data


def test_document_comes_back_from_its_reply_without_a_request(root: Path) -> None:
    path = next(path for path in walk(root) if layout.is_document(path))
    whole = (root / path).read_bytes()
    os.truncate(root / path, 40)
    ran = scrapy("repair", "--json", root=root)
    assert ran.json["restored"] == [path]
    assert ran.json["again"] == []
    assert (root / path).read_bytes() == whole
    assert verify.verify(root).is_sound


def test_repair_fetch_crawls_at_once(root: Path, site: Site) -> None:
    before = files(root)
    path = next(path for path in walk(root) if layout.is_document(path))
    for lost in (path, layout.reply_path(path), next(path for path in walk(root) if layout.picture_of(path))):
        (root / lost).unlink()
    quick = ("DOWNLOAD_DELAY=0", "AUTOTHROTTLE_ENABLED=0")
    ran = scrapy("repair", "--fetch", *(part for each in quick for part in ("-s", each)), *site.settings_args, root=root)
    assert ran.status == 0
    assert files(root).keys() == before.keys()
    assert verify.verify(root).is_sound


def test_lost_reply_is_fetched_again_and_its_document_stays(root: Path, site: Site) -> None:
    before = files(root)
    reply = next(path for path in walk(root) if layout.is_reply(path))
    (root / reply).unlink()
    assert scrapy("repair", root=root).out.endswith("1 object will be fetched again by the next scrapy crawl dw\n")
    crawl(root, "", "refresh=none", site=site, now_ms=NOW_MS + 5000)
    assert files(root) == before


def test_refetched_document_gets_its_old_path(root: Path, site: Site) -> None:
    path = next(path for path in walk(root) if layout.is_document(path))
    dw_id = layout.id_of(path)
    assert dw_id
    for lost in (path, layout.reply_path(path)):
        (root / lost).unlink()
    scrapy("repair", root=root)
    scrapy("reindex", root=root)
    site.edit(dw_id, title="Another title altogether", displayDate="2026-04-05T06:07:08.000Z")
    outcome = crawl(root, "", "refresh=none", site=site, now_ms=NOW_MS)
    site.reset()
    assert outcome.documents[dw_id] == path
    assert outcome.document(dw_id).title == "Another title altogether"


def test_files_set_aside_replace_nothing(small: Path) -> None:
    sound = (small / PICTURE).read_bytes()
    about = About("picture", 71000001, "https://static.dw.com/image/71000001_303.jpg", "")
    for content in (b"first", b"second"):
        store(small, NewFile(PICTURE, sound, about))
        (small / PICTURE).write_bytes(content)
        scrapy("repair", root=small)
    assert (small / "damaged" / PICTURE).read_bytes() == b"first"
    assert (small / f"damaged/{PICTURE}.1").read_bytes() == b"second"


def test_files_of_a_damaged_log_are_not_damaged(small: Path) -> None:
    before = {path: (small / path).read_bytes() for path in walk(small)}
    for log in (small / "runs").glob("*.jsonl"):
        log.write_bytes(re.sub(rb'"sha256":".', b'"sha256":"x', log.read_bytes()).replace(b'{"path"', b'["path"', 1))
    ran = scrapy("repair", "--json", root=small)
    assert sorted(ran.json["logged_again"]) == sorted(before)
    assert {path: (small / path).read_bytes() for path in walk(small)} == before
    assert verify.verify(small).is_sound


def test_lost_revision_is_lost_for_good(small: Path) -> None:
    archive_of(small, document(70000001, NOW_MS + 1000, title="One", body="<p>Other words.</p>"))
    revision = f"revisions/70000001/{NOW_MS}.txt"
    (small / revision).unlink()
    ran = scrapy("repair", "--json", root=small)
    assert ran.status == 3
    assert ran.json["for_good"] == [revision]
    assert verify.verify(small).is_sound


def test_index_that_differs_from_the_logs_is_rebuilt(small: Path) -> None:
    archive = open_archive(small, NOW_MS, "a test")
    archive.index.change("DELETE FROM files WHERE path = ?", [PICTURE])
    archive.close()
    assert not verify.verify(small).is_sound
    assert "the index was rebuilt" in scrapy("repair", root=small).out
    assert verify.verify(small).is_sound


def test_repair_of_a_sound_archive_does_nothing(small: Path) -> None:
    before = {path: (small / path).read_bytes() for path in walk(small)}
    assert scrapy("repair", root=small).out == "nothing to repair\n"
    assert {path: (small / path).read_bytes() for path in walk(small)} == before
    assert not (small / layout.DAMAGED).exists()


def test_removed_state_survives_reindexing(small: Path) -> None:
    (small / ONE).unlink()
    (small / PICTURE).unlink()
    scrapy("repair", root=small)

    def states() -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = scrapy("status", "--json", root=small).json["states"]
        return found

    before = states()
    assert before == {"article": {ARCHIVED: 1, PENDING: 1}, "picture": {PENDING: 1}}
    scrapy("reindex", root=small)
    assert states() == before


def test_reindexing_does_not_accept_damage(small: Path) -> None:
    flip_a_bit(small / ONE, 300)
    ran: Ran = scrapy("reindex", root=small)
    assert ran.status == 0
    assert found(verify.verify(small)) == {(verify.CHANGED, ONE)}


def test_reply_that_is_not_gzip_is_not_adopted(root: Path) -> None:
    path = "en/2026/03/79000000-stranger.json.gz"
    (root / path).write_bytes(gzip.compress(b"{}")[:-3])
    (root / layout.INDEX).unlink()
    scrapy("reindex", root=root)
    logged = {json.loads(line).get("path") for log in (root / "runs").glob("*.jsonl") for line in log.read_bytes().splitlines()}
    assert path not in logged


# ---- shards ----------------------------------------------------------------------------------------------------------


def shards_of(root: Path, of: int) -> list[Verdict]:
    return [verify.verify(root, shard=Shard(number, of)) for number in range(1, of + 1)]


@pytest.mark.parametrize("of", [2, 8])
def test_shards_say_together_what_one_whole_says(root: Path, of: int) -> None:
    damage(root)
    document = next(path for path in walk(root) if layout.is_document(path))
    shutil.copy(root / document, root / document.replace("-", "-again-", 1))
    gone = next(path for path in walk(root) if path.startswith("images/"))
    (root / gone).unlink()
    os.mkfifo(root / gone)
    log = next((root / "runs").glob("*.jsonl"))
    flip_a_bit(log, 300)
    (root / "runs/strange").write_text("strange")
    (root / "zh").mkdir(exist_ok=True)
    shutil.move(root / "images", root / "kept")
    (root / "images").write_text("no folder")
    whole, parts = verify.verify(root), shards_of(root, of)
    assert len(whole.counts()) >= 6
    assert sorted((one for part in parts for one in part.damages), key=str) == sorted(whole.damages, key=str)
    for name in ("files", "bytes", "logged"):
        assert sum(part.__dict__[name] for part in parts) == whole.__dict__[name]


def test_damaged_index_and_killed_run_are_found_by_one_shard(small: Path) -> None:
    archive = open_archive(small, NOW_MS + 90_000, "a test")  # a run that is killed
    archive.index.commit(durable=True)
    archive.writer.close()
    archive._release()
    for index in ("killed", "missing"):
        if index == "missing":
            for path in small.glob("index.sqlite*"):
                path.unlink()
        (small / "images/710/.tmp-0-71000009_303.jpg").write_bytes(b"")
        whole, parts = verify.verify(small), shards_of(small, 3)
        assert [one for part in parts for one in sorted(part.damages, key=str)]
        assert sorted((one for part in parts for one in part.damages), key=str) == sorted(whole.damages, key=str)


def test_shards_run_at_a_time_and_write_nothing(small: Path) -> None:
    before = {path: data for path, data in snapshot(small).items() if path != layout.LOCK}
    with contextlib.closing(contextlib.ExitStack()) as others:
        other = Lock(small / layout.LOCK, "another shard", "2026-06-01T00:00:00Z", shared=True)
        others.callback(other.release)
        ran = scrapy("verify", "--json", "--shard", "1/2", root=small)
        assert (ran.status, ran.json["shard"]) == (0, "1/2")
        assert scrapy("verify", root=small).status == 5
    assert {path: data for path, data in snapshot(small).items() if path != layout.LOCK} == before
    writing = Lock(small / layout.LOCK, "a crawl", "2026-06-01T00:00:00Z")
    ran = scrapy("verify", "--shard", "2/2", root=small)
    writing.release()
    assert ran.status == 5
    assert "a crawl" in ran.err
    assert scrapy("verify", "--shard", "3/2", root=small).status == 1
