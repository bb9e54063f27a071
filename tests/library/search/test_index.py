"""`search.sqlite` follows the run logs: after any changes it finds the same as a new index."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from crawler import times
from crawler.library.search import catalogue, index
from crawler.library.search import search as search_module
from crawler.library.search.catalogue import BEYOND
from crawler.library.search.index import NAME, SearchIndex
from crawler.seedfile import SeedDocument
from crawler.storage import layout
from crawler.storage.logline import About, StateRecord
from crawler.storage.opening import open_archive
from tests import made
from tests.helpers_commands import NOW_MS, archive_of, document, store
from tests.helpers_search import hits, hits_from_nothing, paths, remove

ROOT = Path(__file__).parents[1]
HOUR_MS = 3_600_000


# --- catching up -----------------------------------------------------------------------------------------------------


def test_new_documents_are_found_without_reading_the_old_ones_again(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001, body="<p>first harbour</p>"))
    with SearchIndex(root) as opened:
        assert opened.catch_up() == 1
        assert opened.catch_up() == 0
    archive_of(root, document(70000002, body="<p>second harbour</p>"), now_ms=NOW_MS + HOUR_MS)
    with SearchIndex(root) as opened:
        assert opened.catch_up() == 1
        assert opened.counts() == (2, 0)
    assert len(paths(root, "harbour")) == 2


def test_changed_document_is_found_by_its_new_words_and_as_a_revision_by_its_old_ones(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001, stamp_ms=NOW_MS, body="<p>old harbour</p>"))
    assert len(paths(root, "old")) == 1
    archive_of(root, document(70000001, stamp_ms=NOW_MS + HOUR_MS, body="<p>new harbour</p>"), now_ms=NOW_MS + HOUR_MS)
    assert paths(root, "old") == [f"revisions/70000001/{NOW_MS}.txt"]
    assert paths(root, "old", with_revisions=False) == []
    assert paths(root, "new harbour") == paths(root, "harbour", with_revisions=False) == ["en/2026/05/70000001-a-title.txt"]
    assert len(paths(root, "harbour")) == 2


def test_words_of_a_changed_document_keep_their_row(tmp_path: Path) -> None:
    said: list[str] = []
    root = archive_of(tmp_path / "archive", document(70000001, stamp_ms=NOW_MS, body="<p>old harbour</p>"))
    for n in range(1, 4):
        assert len(hits(root, "harbour", say=said.append)) == 2 * n
        stamp_ms = NOW_MS + n * HOUR_MS
        archive_of(root, document(70000001, stamp_ms=stamp_ms, body=f"<p>new harbour {n}</p>"), now_ms=stamp_ms)
    assert len(hits(root, "harbour", say=said.append)) == 8
    assert said == []  # it was never rebuilt
    with contextlib.closing(sqlite3.connect(root / NAME, isolation_level=None)) as db:
        assert db.execute("SELECT count(*), count(path) FROM documents").fetchone() == (4, 4)


def test_revision_of_a_video_has_its_day_and_language(tmp_path: Path) -> None:
    published_ms = NOW_MS - 400 * made.DAY_MS
    root = tmp_path / "archive"
    archive_of(root)
    for n in range(2):
        archive = open_archive(root, NOW_MS + n * HOUR_MS, "a test")
        url = "https://www.dw.com/es/x/a-70000001"
        video = SeedDocument(NOW_MS + n * HOUR_MS, "Un video", url, f"<p>faro {n}</small></p><video src=\"\"></video>")
        about = About("video", 70000001, url, times.iso(NOW_MS), language="es", published_ms=published_ms)
        archive.store_now(archive.document_files(video, about))
        archive.close()
        incremental = hits(root, "faro")
    assert {(hit.published_ms, hit.language, hit.kind, hit.is_revision) for hit in incremental} == {
        (published_ms, "es", "video", True), (published_ms, "es", "video", False)
    }  # fmt: skip
    assert incremental == hits_from_nothing(root, "faro")


def test_later_information_from_dw_counts(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001, body="<p>a ticker</p>"))
    assert [hit.kind for hit in hits(root, "ticker")] == ["article"] * 2
    day_ms = NOW_MS - 30 * made.DAY_MS
    told = StateRecord("archived", "liveblog", 70000001, published_ms=day_ms)
    store(root, states=[told], now_ms=NOW_MS + HOUR_MS)
    assert [(hit.kind, hit.published_ms) for hit in hits(root, "ticker")] == [("liveblog", day_ms)] * 2
    assert paths(root, "ticker", since_ms=day_ms, until_ms=day_ms + 1) == ["en/2026/05/70000001-a-title.txt"]


def test_removed_document_is_not_found(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", *(document(dw_id, body="<p>harbour</p>") for dw_id in (70000001, 70000002)))
    first, second = sorted(paths(root, "harbour"))
    remove(root, first, 70000001, NOW_MS + HOUR_MS)
    assert paths(root, "harbour") == [second]
    archive_of(root, document(70000001, body="<p>harbour again</p>"), now_ms=NOW_MS + 2 * HOUR_MS)
    assert sorted(paths(root, "harbour")) == [first, second]


def test_index_is_rebuilt_when_much_of_it_is_gone(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", *(document(70000001 + n, body=f"<p>harbour {n}</p>") for n in range(150)))
    said: list[str] = []
    for n in range(2):
        assert len(hits(root, "harbour", say=said.append)) == 300 - 2 * n
        assert said == []  # one in 150 is not much
        remove(root, f"en/2026/05/{70000001 + n}-a-title.txt", 70000001 + n, NOW_MS + (n + 1) * HOUR_MS)
    assert len(hits(root, "harbour", say=said.append)) == 296
    assert "2 texts that are gone" in said[0]
    with contextlib.closing(sqlite3.connect(root / NAME, isolation_level=None)) as db:
        assert db.execute("SELECT count(*), count(path) FROM documents").fetchone() == (148, 148)


def test_lost_or_changed_file_waits_until_it_is_as_the_log_says(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001, body="<p>harbour</p>"))
    path = root / "en/2026/05/70000001-a-title.txt"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"harbour", b"airport"))
    assert paths(root, "airport") == paths(root, "harbour") == []
    path.unlink()
    assert paths(root, "harbour") == []
    path.write_bytes(data)
    assert paths(root, "harbour") == ["en/2026/05/70000001-a-title.txt"]


def test_search_does_not_write_because_of_a_lost_file(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", *(document(dw_id, body="<p>harbour</p>") for dw_id in (70000001, 70000002)))
    (root / "en/2026/05/70000001-a-title.txt").unlink()
    assert len(paths(root, "harbour")) == 1
    before = (root / NAME).stat().st_mtime_ns
    assert len(paths(root, "harbour")) == 1
    assert (root / NAME).stat().st_mtime_ns == before


def test_fifo_in_place_of_a_document_is_not_waited_for(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", *(document(dw_id, body="<p>harbour</p>") for dw_id in (70000001, 70000002)))
    path = root / "en/2026/05/70000001-a-title.txt"
    path.unlink()
    os.mkfifo(path)
    assert paths(root, "harbour") == ["en/2026/05/70000002-a-title.txt"]


def test_large_build_merges_its_segments_once_and_small_ones_as_they_come(tmp_path: Path) -> None:
    def segments() -> int:
        with contextlib.closing(sqlite3.connect(root / NAME, isolation_level=None)) as db:
            return int(db.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone()[0])

    root = archive_of(tmp_path / "archive", *(document(70000001 + n, body=f"<p>harbour {n}</p>") for n in range(40)))
    with patch.object(index, "_MANY", 40), patch.object(index, "_CHUNK", 1):
        assert len(paths(root, "harbour")) == 40
        assert segments() == 1
        for n in range(40, 60):
            archive_of(root, document(70000001 + n, body=f"<p>harbour {n}</p>"), now_ms=NOW_MS + n * HOUR_MS)
        assert len(paths(root, "harbour")) == 60
        assert 1 < segments() < 16


def test_line_that_is_being_written_is_read_once_it_is_whole(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001, body="<p>harbour</p>"))
    log = next((root / layout.RUNS).glob("*.jsonl"))
    lines = log.read_bytes()
    log.write_bytes(lines[:-20])
    assert paths(root, "harbour") == []
    log.write_bytes(lines)
    assert len(paths(root, "harbour")) == 1


def test_damaged_lines_and_lines_about_other_objects_are_skipped(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001, body="<p>harbour</p>"))
    good = next((root / layout.RUNS).glob("*.jsonl")).read_text()
    odd: list[object] = [7, [], {"path": 7}, {"path": "en/2026/05/7-x.txt"}, {"path": "../x.txt", "sha256": "0"},
                         {"state": "archived"},
                         {"path": "en/2026/05/7-x.txt", "sha256": 7}, {"path": "revisions/1/2.txt", "sha256": "0", "id": "x"},
                         {"state": "archived", "id": 70000001, "kind": None}, {"state": "removed", "path": None}]  # fmt: skip
    text = "\n".join(["not JSON", "\0", *map(json.dumps, odd), ""])
    (root / layout.RUNS / "20270101T000000Z.jsonl").write_text(text + good)
    assert len(paths(root, "harbour")) == 1


def test_shorter_log_causes_a_rebuild(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001, body="<p>harbour</p>"))
    archive_of(root, document(70000002, body="<p>harbour</p>"), now_ms=NOW_MS + HOUR_MS)
    assert len(paths(root, "harbour")) == 2
    said: list[str] = []
    max((root / layout.RUNS).glob("*.jsonl")).write_text("")
    assert len(hits(root, "harbour", say=said.append)) == 2
    assert "ahead of" in said[0]


def test_day_with_more_documents_than_rows_stays_in_order(tmp_path: Path) -> None:
    dates = [f"2026-05-0{1 + n % 3}T10:00:{n:02}.000Z" for n in range(30)]
    documents = [document(70000001 + n, date=date, body="<p>harbour</p>") for n, date in enumerate(dates)]
    root = archive_of(tmp_path / "archive", *documents)
    with patch.object(catalogue, "ROWS_A_DAY", 4), patch.object(search_module, "ROWS_A_DAY", 4):
        found = hits(root, "harbour")[:30]
        with contextlib.closing(sqlite3.connect(root / NAME, isolation_level=None)) as db:
            assert db.execute("SELECT count(*) FROM documents WHERE row >= ?", [BEYOND]).fetchone() == (18,)
        day_ms = NOW_MS - 30 * made.DAY_MS  # 2 May
        assert len(paths(root, "harbour", since_ms=day_ms, until_ms=day_ms + made.DAY_MS)) == 10
    assert len(found) == 30
    assert found == sorted(found, key=lambda hit: -hit.published_ms) == hits_from_nothing(root, "harbour")[:30]


# --- compared with a new index
# ----------------------------------------------------------------------------------------------------

QUERIES = ["harbour", "经济", "的", "w*", "muenchen", "здесь", '"the harbour"', "harbour -storm"]


def change(root: Path, chance: random.Random, at_ms: int) -> None:
    """Change an archive: add, change and remove documents, and add older versions."""
    documents = []
    for _ in range(chance.randint(1, 6)):
        language = chance.choice(("en", "zh", "de", "ru", "zh-hant"))
        words = chance.choice(["the harbour", "經濟和的", "经济", "München", "здесь и там", "a storm in the harbour", "wind"])
        dw_id = 70_000_000 + chance.randrange(12)
        stamp_ms = at_ms - chance.choice((0, 0, 5 * HOUR_MS))
        documents.append(document(dw_id, stamp_ms, title=f"About {dw_id}", language=language, body=f"<p>{words} {at_ms}</p>",
                                  date=f"2026-05-{1 + dw_id % 20:02}T10:00:00.000Z"))  # fmt: skip
    archive_of(root, *{one.id: one for one in documents}.values(), now_ms=at_ms)
    current = list(root.glob("??*/2026/*/*.txt"))
    if chance.random() < 0.3 and len(current) > 3:
        path = chance.choice(sorted(current)).relative_to(root).as_posix()
        remove(root, path, layout.id_of(path) or 0, at_ms + 60_000)


@pytest.mark.parametrize("seed", range(4))
def test_updated_index_equals_a_new_one(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    root = tmp_path / "archive"
    for n in range(8):
        change(root, chance, NOW_MS + n * HOUR_MS)
        if chance.random() < 0.7:
            assert hits(root, *QUERIES) == hits_from_nothing(root, *QUERIES)
    found = hits(root, *QUERIES)
    assert found == hits_from_nothing(root, *QUERIES)
    assert any(hit.is_revision for hit in found)


def test_size_of_the_steps_makes_no_difference(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    for n in range(6):
        change(root, random.Random(n), NOW_MS + n * HOUR_MS)
    with patch.object(index, "_CHUNK", 1), patch.object(index, "_LINES", 1):
        one_by_one = hits(root, *QUERIES)
    assert one_by_one == hits_from_nothing(root, *QUERIES)


CATCH_UP = """
import sys
from pathlib import Path
from crawler.library.search import index
index._CHUNK, index._LINES = 4, 4
with index.SearchIndex(Path(sys.argv[1])) as opened:
    print("ready", flush=True)
    opened.catch_up()
"""


def test_kill_at_any_instant_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random()
    root = tmp_path / "archive"
    for n in range(6):
        change(root, chance, NOW_MS + n * HOUR_MS)
    languages = (made.LANGUAGES * 5)[:60]
    documents = [made.document(80_000_000 + n, language, chance, NOW_MS - n * HOUR_MS, size=100)
                 for n, language in enumerate(languages)]  # fmt: skip
    archive_of(root, *documents, now_ms=NOW_MS + 10 * HOUR_MS)
    before = 0
    for _ in range(30):
        process = subprocess.Popen([sys.executable, "-c", CATCH_UP, str(root)], cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.read(5)
        try:
            process.wait(chance.uniform(0, 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
        is_killed = process.wait() != 0
        process.stdout.close()
        with SearchIndex(root) as opened:
            now = sum(opened.counts())
        assert now >= before
        before = now
        if not is_killed:
            break
    assert hits(root, *QUERIES) == hits_from_nothing(root, *QUERIES)
