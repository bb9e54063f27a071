"""After `reread`, `repair` and kills, site and search index equal those that are made from nothing."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.dw import places, render
from crawler.library.search.index import NAME, SEAL
from crawler.reader.output import OWN
from crawler.seedfile import SeedDocument
from crawler.storage import layout
from crawler.storage.logline import About
from crawler.storage.opening import open_archive
from crawler.storage.writer import NewReply
from tests.corpus import SEED
from tests.crawling import ROOT
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy, snapshot
from tests.reader import samples
from tests.reader.samples import DAY_MS
from tests.reader.test_site import reachable_dangling, segments_whole
from tests.shares import share

BETTER, LOST, ALTERED, PLAIN = range(70000101, 70000105)
WORDS = "lighthouse"


def from_reply(dw_id: int, text: str) -> tuple[SeedDocument, NewReply, About]:
    """A document with its reply, as the graph API gives it."""
    content = {"__typename": "Article", "id": dw_id, "title": f"The {WORDS} of {dw_id}", "text": text}
    reply = json.dumps({"data": {"content": content}}).encode()
    url = f"https://www.dw.com/en/x/a-{dw_id}"
    about = About("article", dw_id, url, "2026-06-01T00:00:00Z", origin="graph-api", language="en")
    made = render.document_of(places.read(places.GRAPH, reply, dw_id, "article", "en"), NOW_MS, "en")
    return made, NewReply("json", reply, about), about


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive in which `reread` improves one document and `repair` restores another one; its site and search index."""
    root = tmp_path_factory.mktemp("upkeep") / "archive"
    link = f'<a href="https://www.dw.com/en/x/a-{LOST}">the lost one</a>'
    archive_of(root, document(PLAIN, title="Plain", body=f"<p>A {WORDS} and {link}.</p>"),
               document(ALTERED, title="Altered", body=f"<p>A {WORDS} that tilts.</p>"))  # fmt: skip
    opened = open_archive(root, NOW_MS + 1000, "a test")
    for dw_id in (BETTER, LOST):
        made, reply, about = from_reply(dw_id, f"<p>A {WORDS} with {link}.</p><p>And a lamp.</p>")
        as_stored = replace(made, html=made.html.replace("<p>And a lamp.</p>", "")) if dw_id == BETTER else made
        opened.store_now(opened.document_files(as_stored, about, reply))
    opened.close()
    update(root)
    return root


@pytest.fixture(scope="module")
def before_and_after(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The samples' archive, with its site and search index, and the same archive after a run with new and changed documents."""
    before = tmp_path_factory.mktemp("before") / "archive"
    samples.archive(before)
    update(before)
    after = tmp_path_factory.mktemp("after") / "archive"
    shutil.copytree(before.parent, after.parent, dirs_exist_ok=True)
    new = [samples.document(72000001 + n, "en", f"A title {n}", f"<p>A {WORDS}, a ferry.</p>", days=30 * n) for n in range(6)]
    archive_of(after, *new, replace(samples.OTHERS[3], stamp_ms=NOW_MS + DAY_MS), now_ms=NOW_MS + DAY_MS)
    return {"first": before, "update": after}


def update(root: Path) -> None:
    """`scrapy site` and `scrapy search --update`."""
    assert scrapy("site", "--to", root.parent / "site", root=root).status == 0
    assert scrapy("search", "--update", root=root).status == 0


def pages(site: Path) -> dict[str, bytes]:
    return {path: data for path, data in snapshot(site).items() if not path.startswith(f"{OWN}/")}


def indexed(root: Path) -> list[tuple[object, ...]]:
    """Return the rows of the search index, and what searches print."""
    with sqlite3.connect(root / NAME) as db:
        fields = "path, id, sha256, kind, language, published_ms, stamp_ms, is_revision"
        rows = db.execute(f"SELECT {fields} FROM documents WHERE path IS NOT NULL ORDER BY path").fetchall()
    for words in (WORDS, "lamp", "tilts", '"a lighthouse"', "的", "ferry"):
        ran = scrapy("search", words, "--json", "--revisions", "--limit", 0, root=root)
        rows.append((words, ran.status, ran.out, ran.err))
    return rows


def assert_equal_from_nothing(root: Path) -> None:
    """Compare site and search index with those of a copy of the archive that has neither."""
    update(root)
    anew = root.parent / "anew" / root.name
    shutil.rmtree(anew.parent, ignore_errors=True)
    shutil.copytree(root, anew, ignore=shutil.ignore_patterns(NAME, SEAL, layout.LOCK))
    update(anew)
    found, wanted = pages(root.parent / "site"), pages(anew.parent / "site")
    assert sorted(found) == sorted(wanted)
    assert [path for path in wanted if found[path] != wanted[path]] == []
    assert indexed(root) == indexed(anew)


def of(root: Path, dw_id: int) -> Path:
    (found,) = root.glob(f"??*/*/*/{dw_id}-*.txt")
    return found


def test_after_reread_and_repair_both_equal_those_made_from_nothing(archive: Path, tmp_path: Path) -> None:
    shutil.copytree(archive.parent, tmp_path, dirs_exist_ok=True)
    root = tmp_path / "archive"
    (page,) = (tmp_path / "site").glob(f"*/*/*/{BETTER}-*.html")
    assert (b"lamp" in page.read_bytes(), scrapy("search", "lamp", f"-{LOST}", root=root).status) == (False, 1)

    assert scrapy("reread", root=root, now_ms=NOW_MS + DAY_MS).status == 0
    assert_equal_from_nothing(root)
    assert b"lamp" in page.read_bytes()
    assert len(list((tmp_path / "site/revisions").glob(f"{BETTER}/*.html"))) == 1

    lost = of(root, LOST)  # not changed in the index, so that its page stays until the repair
    (page,) = (tmp_path / "site").glob(f"*/*/*/{LOST}-*.html")
    lost.unlink()
    of(root, ALTERED).write_text("other words")
    update(root)

    assert scrapy("repair", root=root, now_ms=NOW_MS + 2 * DAY_MS).status == 0
    assert lost.is_file()  # remade from its reply
    assert list(root.glob(f"??*/*/*/{ALTERED}-*.txt")) == []  # set aside, because it has none
    assert_equal_from_nothing(root)
    assert page.is_file()
    assert list((tmp_path / "site").glob(f"*/*/*/{ALTERED}-*.html")) == []


# Forks a process for each kill, because importing takes longer than the work.
_KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from crawler.library.search import index
from crawler.reader import site
from crawler.reader.plan import Selection

index._CHUNK = index._LINES = site._CHUNK = 2
root, what, chance = Path(sys.argv[1]), sys.argv[2], random.Random(sys.argv[3])


def work(archive, to):
    if what == "site":
        site.build(archive, to, Selection())
    else:
        with index.SearchIndex(archive) as opened:
            opened.catch_up()


began = time.monotonic()
work(root / "timed" / "archive", root / "timed" / "site")
took_s = time.monotonic() - began
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
for _ in range(chance.randint(1, 4)):
    child = os.fork()
    if not child:
        work(root / "archive", root / "site")
        os._exit(0)
    if signal.sigtimedwait([signal.SIGCHLD], chance.uniform(0, took_s)) is None:
        os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] in (0, signal.SIGKILL)
    signal.sigtimedwait([signal.SIGCHLD], 0)
"""


@pytest.mark.parametrize(
    ("turn", "state", "what"),
    share([(turn, state, what) for turn in range(40) for state in ("first", "update") for what in ("site", "search")], 41),
)
def test_after_kills_at_random_instants_both_equal_those_made_from_nothing(
    before_and_after: dict[str, Path], tmp_path: Path, turn: int, state: str, what: str
) -> None:
    shutil.copytree(before_and_after[state].parent, tmp_path, dirs_exist_ok=True)
    root = tmp_path / "archive"
    if state == "first":
        shutil.rmtree(tmp_path / "site")
        (root / NAME).unlink()
    shutil.copytree(tmp_path, tmp_path / "timed")
    seed = f"{SEED} {turn} {state} {what}"
    subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), what, seed], cwd=ROOT, check=True)
    if (tmp_path / "site/index.html").exists():
        assert reachable_dangling(tmp_path / "site") == [], seed
        assert segments_whole(tmp_path / "site"), seed
    assert_equal_from_nothing(root)
