"""`Library` gives every document of an archive, for any state of its index, and changes nothing."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import sqlite3
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

import crawler.library
from crawler import seedfile
from crawler.exceptions import NotAnArchive
from crawler.library import Document, Library
from crawler.storage import layout
from crawler.storage.logline import About
from crawler.storage.opening import open_archive
from crawler.storage.writer import NewFile
from tests.crawling import DAY_MS, Outcome, Running, crawl, fresh_site
from tests.crawling import NOW_MS as FIRST_MS
from tests.dwsite import articles as dw
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy, snapshot, store, write

IMG = '<img src="https://images.weserv.nl/?url=static.dw.com/image/{}_303.jpg" width="100%">'
KINDS = {"ARCHIVE_KINDS": "article,gallery,video,audio,liveblog"}
LATER_MS = FIRST_MS + DAY_MS
CAPTION = '<div><small style="color: #999;">{}</small></div>'


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """An archive of a crawl of articles, a gallery, a video, a liveblog, pictures, and an article that DW then changed."""
    site, root = fresh_site(), tmp_path_factory.mktemp("crawled")
    seeds = [dw.SEED_ZH, dw.SHARED_PICTURE, dw.PICTURE_TYPES, dw.VIDEO, dw.GALLERY, dw.LIVEBLOG]
    first = crawl(root, seeds, "depth=1", site=site, settings=KINDS)
    assert first.documents.keys() >= set(seeds)
    site.edit(dw.SEED_ZH, add_paragraph="A paragraph that came later.")
    return crawl(root, seeds, "depth=0", "refresh=all", site=site, settings=KINDS, now_ms=LATER_MS)


@pytest.fixture
def root(tmp_path: Path, crawled: Outcome) -> Path:
    """A copy of the crawled archive."""
    return shutil.copytree(crawled.root, tmp_path / "copy")


def read(root: Path) -> list[Document]:
    with Library(root) as library:
        found = list(library.documents())
        assert library.damaged == {}
        return found


def facts(documents: list[Document]) -> list[object]:
    """Return all values of the documents, in a form that can be compared."""
    return [
        (each, each.html, each.text, each.pictures, [picture.sha256 for picture in each.pictures], each.revisions)
        for each in documents
    ]


def test_public_names_exist() -> None:
    assert crawler.library.__all__ == ["Document", "Library", "Picture"]
    assert all(getattr(crawler.library, name).__doc__ for name in crawler.library.__all__)


# --- a crawled archive ---


def test_every_document_of_a_crawl_comes_once_in_order_of_id(crawled: Outcome) -> None:
    found = read(crawled.root)
    assert [each.id for each in found] == sorted(crawled.documents)
    assert {each.id: each.path for each in found} == crawled.documents
    with Library(crawled.root) as library:
        assert len(library) == len(found)


def test_document_has_the_values_of_its_file(crawled: Outcome) -> None:
    for each in read(crawled.root):
        data = crawled.files[each.path]
        file = seedfile.loads(data)
        assert (each.title, each.url, each.html, each.stamp_ms) == (file.title, file.url, file.html, file.stamp_ms)
        assert each.references == tuple(file.references)
        assert each.sha256 == hashlib.sha256(data).hexdigest()
        assert each.language == each.path.split("/")[0]
        assert each.reply_path is not None
        assert gzip.decompress(crawled.files[each.reply_path])


def test_every_document_has_its_kind_and_time(crawled: Outcome) -> None:
    found = {each.id: each for each in read(crawled.root)}
    kinds = {dw.SEED_ZH: "article", dw.VIDEO: "video", dw.GALLERY: "gallery", dw.LIVEBLOG: "liveblog"}
    assert {dw_id: found[dw_id].kind for dw_id in kinds} == kinds
    assert all(each.published is not None and each.published.tzinfo is UTC for each in found.values())


def test_pictures_name_their_files_and_digests(crawled: Outcome) -> None:
    pictures = [picture for each in read(crawled.root) for picture in each.pictures]
    assert {picture.path.rpartition("/")[2] for picture in pictures if picture.path} <= set(crawled.pictures)
    for picture in pictures:
        assert picture.address.startswith(f"https://static.dw.com/image/{picture.id}_{picture.rendition}.")
        data = crawled.files[picture.path] if picture.path else None
        assert picture.sha256 == (hashlib.sha256(data).hexdigest() if data is not None else None)
    lost = {picture.id for picture in pictures if picture.path is None}
    assert lost == {dw.LOST_PICTURE}


def test_revisions_are_older_documents_newest_first(crawled: Outcome) -> None:
    with Library(crawled.root) as library:
        found = library.document(dw.SEED_ZH)
        assert found is not None
        (revision,) = found.revisions
        assert isinstance(revision, Document)
        assert "A paragraph that came later." in found.text.split("\n\n")
        assert "A paragraph that came later." not in revision.text
        assert (revision.id, revision.kind, revision.language) == (found.id, found.kind, found.language)
        assert revision.stamp_ms < found.stamp_ms
        assert revision.path == layout.revision_path(found.id, revision.stamp_ms)
        assert revision.reply_path == layout.revision_path(found.id, revision.stamp_ms, ".json.gz")
        assert revision.revisions == ()


def test_nothing_in_the_folder_changes(root: Path) -> None:
    before = snapshot(root)
    facts(read(root))
    assert snapshot(root) == before


# --- without a usable index ---


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


INDEX_FAULTS: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink, "cut": cut, "flipped": flip, "zeros": zero, "text": lambda path: path.write_text("no index"),
    "empty": lambda path: path.write_bytes(b""),
}  # fmt: skip


@pytest.mark.parametrize("fault", INDEX_FAULTS)
@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_faulty_index_makes_no_difference(root: Path, fault: str, is_sealed: bool) -> None:
    expected = facts(read(root))
    if not is_sealed:
        (root / layout.INDEX_SEAL).unlink()
    INDEX_FAULTS[fault](root / layout.INDEX)
    before = snapshot(root)
    if fault != "flipped" or is_sealed:  # without the seal, SQLite may not notice
        assert facts(read(root)) == expected
    with Library(root) as library:
        assert len(library) == len(expected)
        assert library.document(dw.SEED_ZH) is not None
    assert snapshot(root) == before


def test_an_index_that_fails_while_it_is_read_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = list(range(70000001, 70000601))  # more than one read returns
    root = archive_of(tmp_path / "archive", *map(document, ids))
    with Library(root) as library, closing(sqlite3.connect(":memory:")) as empty:
        documents = library.documents()
        found = [next(documents).id]
        assert library._index is not None
        with closing(library._index._db), monkeypatch.context() as patch:
            patch.setattr(library._index, "_db", empty)
            found += [each.id for each in documents]
        assert found == ids
        assert len(library) == len(ids)
        assert library.damaged == {}


def test_documents_are_found_without_index_and_logs(root: Path) -> None:
    expected = {each.path: each.text for each in read(root)}
    shutil.rmtree(root / layout.RUNS)
    for name in (layout.INDEX, layout.INDEX_SEAL, layout.LOCK):
        (root / name).unlink()
    found = read(root)
    assert {each.path: each.text for each in found} == expected
    assert all(picture.sha256 for each in found for picture in each.pictures if picture.path)


def test_read_only_folder_can_be_read(root: Path) -> None:
    expected = facts(read(root))
    paths = [root, *root.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert facts(read(root)) == expected
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


# --- while something writes ---


def test_an_archive_is_read_while_another_command_has_it_open(root: Path) -> None:
    expected = facts(read(root))
    with closing(open_archive(root, NOW_MS, "a test")):
        assert facts(read(root)) == expected


def test_a_run_that_starts_while_documents_are_read_is_noticed(root: Path) -> None:
    expected = [each.id for each in read(root)]
    with Library(root) as library:
        documents = library.documents()
        found = [next(documents).id]
        scrapy("reindex", root=root)
        archive_of(root, document(expected[-1] + 1))
        found += [each.id for each in documents]
        assert found == [*expected, expected[-1] + 1]
        assert len(library) == len(found)


def test_a_crawl_may_write_meanwhile(tmp_path: Path) -> None:
    site, root = fresh_site(), tmp_path / "archive"
    crawl(root, [dw.SEED_ZH], "depth=0", site=site)
    site.options(articles=60)
    running = Running(root, f"{site.settings['DW_WWW_URL']}/en/article-sitemap.xml", site=site)
    while running.is_running():
        with Library(root) as library:
            ids = [each.id for each in library.documents()]
            assert dw.SEED_ZH in ids
            assert len(set(ids)) == len(ids)
            assert library.damaged == {}
    assert len(read(root)) == len(running.finish().documents)


def test_a_document_replaced_by_a_run_that_has_not_ended_is_not_damaged(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001))
    with closing(open_archive(root, NOW_MS, "a test")) as archive:
        path = read(root)[0].path
        write(root / path, document(70000001, body="<p>New words, not yet logged.</p>"))
        os.utime(root / path, (NOW_MS / 1000, NOW_MS / 1000))
        assert archive.index.file(path)
        assert read(root)[0].text == "New words, not yet logged."


# --- damage ---

DOCUMENT = "en/2026/05/70000002-a-title.txt"


def _with(old: bytes, new: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(path.read_bytes().replace(old, new))


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Put something else in the place of a file."""

    def put(path: Path) -> None:
        path.unlink()
        make(path)

    return put


DAMAGES: dict[str, Callable[[Path], object]] = {
    "lost": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 20),
    "not UTF-8": _with(b"words", b"w\xffrds"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "changed": _with(b"words", b"birds"),
    "of another id": _with(b"70000002", b"70000009"),
    "a folder": _instead(Path.mkdir),
    "a FIFO": _instead(os.mkfifo),
    "a link": _instead(lambda path: path.symlink_to("/dev/zero")),
    "a link that leads nowhere": _instead(lambda path: path.symlink_to("nowhere")),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("has_index", [True, False])
def test_a_damaged_document_is_skipped_and_noted(tmp_path: Path, damage: str, has_index: bool) -> None:
    root = archive_of(tmp_path / "archive", *(document(dw_id) for dw_id in (70000001, 70000002, 70000003)))
    DAMAGES[damage](root / DOCUMENT)
    if not has_index:
        (root / layout.INDEX).unlink()
    with Library(root) as library:
        assert [each.id for each in library.documents()] == [70000001, 70000003]
        assert list(library.damaged) == [DOCUMENT]
        assert library.damaged[DOCUMENT]
        assert library.document(70000002) is None
        assert len(library) == 3


def test_a_damaged_revision_is_skipped_and_noted(tmp_path: Path) -> None:
    versions = [document(70000001, NOW_MS - place * 1000, body=f"<p>Version {place}.</p>") for place in range(3)]
    root = archive_of(tmp_path / "archive", *versions)
    path = layout.revision_path(70000001, NOW_MS - 1000)
    with Library(root) as library:
        (found,) = library.documents()
        assert [(found.text, *(each.text for each in found.revisions))] == [("Version 0.", "Version 1.", "Version 2.")]
        assert [each.text for each in found.revisions[0].revisions] == ["Version 2."]
    (root / path).write_bytes(b"")
    with Library(root) as library:
        (found,) = library.documents()
        assert [each.text for each in found.revisions] == ["Version 2."]
        assert list(library.damaged) == [path]


def test_damaged_log_lines_lose_no_document(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001), document(70000002))
    (log,) = (root / layout.RUNS).glob("*.jsonl")
    log.write_bytes(log.read_bytes().replace(b'"sha256":"', b'"sha256":"x', 1))
    (root / layout.INDEX).unlink()
    assert [each.id for each in read(root)] == [70000001, 70000002]


@pytest.mark.parametrize("name", ["nothing", "a file", "an empty folder", "other things"])
def test_folder_without_an_archive_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "somewhere"
    if name == "a file":
        path.write_text("words")
    elif name != "nothing":
        path.mkdir()
    if name == "other things":
        (path / "letter.txt").write_text("words")
    with pytest.raises(NotAnArchive):
        Library(path)


# --- hostile documents ---

BODIES = {
    "": "",
    "<p>One.</p><p>Two,<br>three.</p>": "One.\n\nTwo,\n\nthree.",
    "<p>a &lt;b&gt; &amp; c&nbsp;d</p>": "a <b> & c d",
    "<p>" * 5000 + "deep": "deep",
    "<p>\x1b[2Jred\x07</p>": "[2Jred",
    "<p>&#" + "9" * 5000 + ";</p>": "\ufffd",
    f"{IMG.format(71)}{CAPTION.format('A caption.')}<p>Text.</p>": "A caption.\n\nText.",
    "<p>Words.</p><br><hr><div>获取更多RSS：<a href='x'>y</a></div>": "Words.",
    "<p>\U0001f600 \u202etxet</p>": "\U0001f600 \u202etxet",
}


@pytest.mark.parametrize("body", BODIES)
def test_text_is_plain_and_keeps_paragraphs(tmp_path: Path, body: str) -> None:
    root = archive_of(tmp_path / "archive", document(70000001, body=body))
    assert read(root)[0].text == BODIES[body]


def test_odd_values_are_read(tmp_path: Path) -> None:
    odd = (
        document(70000001, author="<b>null</b> 李澄欣 &amp; Co", date="no date"),
        document(70000002, date="9999-12-31T23:59:59.999Z", author=""),
        document(70000003, date="0001-01-01T00:00:00Z", title="x" * 5000),
        document(10**15 - 1, stamp_ms=0, language="xx", title="](https://a.example/)"),
    )
    found = read(archive_of(tmp_path / "archive", *odd))
    assert [each.author for each in found[:2]] == ["李澄欣 & Co", ""]
    assert found[0].published is None
    assert found[1].published == datetime(9999, 12, 31, 23, 59, 59, 999000, UTC)
    assert found[2].published == datetime(1, 1, 1, tzinfo=UTC)
    assert (found[3].id, found[3].language, found[3].stamp_ms) == (10**15 - 1, "und", 0)


@pytest.mark.parametrize("dw_id", [0, -1, 1, 2**63, 10**40])
def test_unknown_id_has_no_document(tmp_path: Path, dw_id: int) -> None:
    assert Library(archive_of(tmp_path / "archive", document(70000001))).document(dw_id) is None


def test_id_of_a_picture_gives_no_document(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document(70000001, body=IMG.format(71000001)))
    about = About("picture", 71000001, "https://static.dw.com/image/71000001_303.jpg", "2026-06-01")
    store(root, NewFile("images/710/71000001_303.jpg", b"12345", about))
    library = Library(root)
    assert library.document(71000001) is None
    (picture,) = next(library.documents()).pictures
    assert (picture.path, picture.sha256) == ("images/710/71000001_303.jpg", hashlib.sha256(b"12345").hexdigest())


def test_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    def peak(root: Path) -> int:
        tracemalloc.start()
        with Library(root) as library:
            assert sum(1 for _ in library.documents()) == len(library)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    def folder_of(count: int) -> Path:
        for dw_id in range(70000001, 70000001 + count):
            write(tmp_path / str(count) / f"en/2026/05/{dw_id}.txt", document(dw_id, body=f"<p>{'word ' * 2000}</p>"))
        return tmp_path / str(count)

    small, large = folder_of(600), folder_of(1500)
    peak(small)  # what is loaded only once
    assert peak(large) < peak(small) + 4_500_000  # 900 documents are 9 MB; pathlib keeps a table of names
