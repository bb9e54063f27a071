"""An archive in an S3-compatible store. The store is a real server on loopback, started once for all tests."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from crawler.exceptions import UnusableArchive
from crawler.storage import layout, objectstore
from crawler.storage.logline import About
from crawler.storage.writer import NewFile
from crawler.upkeep.merge import UNLOGGED
from tests.crawling import PATIENCE_S
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy, snapshot, store
from tests.storage.test_pictures import JPEG

obstore = pytest.importorskip("obstore")
KEYS = {"AWS_ACCESS_KEY_ID": "a-key", "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_REGION": "eu-central-1", "AWS_ALLOW_HTTP": "true"}
MP4 = b"\0\0\0\x18ftypmp42" + bytes(objectstore._PIECE)
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a store with the bucket `shelf`."""
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout
        address = next((line.split()[-1] for line in running.stdout if "Running on" in line), "")
        draining = threading.Thread(target=running.stdout.read)  # a full pipe would stop it
        draining.start()
        try:
            with urlopen(Request(f"{address}/shelf", method="PUT")):
                pass
            yield address
        finally:
            running.terminate()
            draining.join()


@pytest.fixture
def environ(server: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment in which the store can be read."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    given = {**KEYS, "AWS_ENDPOINT_URL": server}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """An archive with a document, its revision, a picture, and a media file of more than one piece."""
    later = document(stamp_ms=NOW_MS + 5000, body="<p>Later.</p>")
    root = archive_of(tmp_path / "other", document(), later, document(70000002))
    picture, media = About("picture", 71000001, time="2026-06-01T00:00:00Z"), About("media", 70000003)
    store(root, NewFile("images/710/71000001_303.jpg", JPEG, picture), NewFile("media/700/70000003.mp4", MP4, media),
          now_ms=NOW_MS + 9000)  # fmt: skip
    return root


def upload(root: Path, prefix: str) -> None:
    """Copy an archive into the bucket, file by file."""
    shelf = objectstore._store("", "shelf", prefix, os.environ)
    for path, data in snapshot(root).items():
        obstore.put(shelf, path, data)


def content(root: Path) -> dict[str, bytes]:
    return {path: data for path, data in snapshot(root).items() if layout.id_of(path)}


def test_archive_in_a_store_is_taken_byte_for_byte(environ: dict[str, str], other: Path, tmp_path: Path) -> None:
    upload(other, "an/archive")
    root = tmp_path / "archive"
    ran = scrapy("add", "s3://shelf/an/archive/", root=root, now_ms=NOW_MS + DAY_MS)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == ("s3://shelf/an/archive: 2 documents: 2 new; also taken: media files 1, pictures 1, revisions 1; "
                       "0 problems\n")  # fmt: skip
    assert content(root) == content(other)
    again = scrapy("add", "s3://shelf/an/archive", root=root, now_ms=NOW_MS + 2 * DAY_MS)
    assert again.out == "s3://shelf/an/archive: 2 documents: 2 already there; also taken: nothing; 0 problems\n"
    assert scrapy("verify", "--strict", root=root).status == 0


def test_changed_missing_and_unlogged_files_in_a_store_are_reported(
    environ: dict[str, str], other: Path, tmp_path: Path
) -> None:
    upload(other, "damaged")
    shelf = objectstore._store("", "shelf", "damaged", os.environ)
    obstore.put(shelf, "images/710/71000001_303.jpg", b"other bytes")
    obstore.put(shelf, "images/710/71000009_303.jpg", JPEG)
    obstore.put(shelf, "notes/mine.txt", b"mine")
    obstore.delete(shelf, "media/700/70000003.mp4")
    ran = scrapy("add", "s3://shelf/damaged", root=tmp_path / "archive")
    assert ran.status == 3
    assert ran.err.splitlines() == [
        "s3://shelf/damaged/images/710/71000001_303.jpg: its bytes differ from its run log",
        "s3://shelf/damaged/media/700/70000003.mp4: cannot be read: no such object",
        f"s3://shelf/damaged/images/710/71000009_303.jpg: {UNLOGGED}",
    ]


def test_expected_file_is_read_once_and_ahead(environ: dict[str, str], tmp_path: Path) -> None:
    archive_of(tmp_path / "small", document())
    upload(tmp_path / "small", "ahead")
    shelf = objectstore._store("", "shelf", "ahead", os.environ)
    obstore.put(shelf, "images/710/71000001_303.jpg", JPEG)
    obstore.put(shelf, "media/700/70000003.mp4", MP4)
    bucket = objectstore.named("s3://shelf/ahead", environ)
    for path in ("images/710/71000001_303.jpg", "media/700/70000003.mp4", "images/710/71000002_303.jpg"):
        bucket.expect(path)
        bucket.expect(path)
    for expected in bucket._expected.values():
        expected.exception(timeout=PATIENCE_S)
    obstore.delete(shelf, "images/710/71000001_303.jpg")
    assert b"".join(bucket.pieces("images/710/71000001_303.jpg")) == JPEG
    assert b"".join(bucket.pieces("media/700/70000003.mp4")) == MP4  # too large to be held
    for path in ("images/710/71000002_303.jpg", "images/710/71000001_303.jpg"):
        with pytest.raises(FileNotFoundError):
            list(bucket.pieces(path))
    for dw_id in range(71000010, 71000010 + 2 * objectstore._MOST_EXPECTED):
        bucket.expect(f"images/710/{dw_id}_303.jpg")
    assert len(bucket._expected) == objectstore._MOST_EXPECTED
    bucket._readers.shutdown(cancel_futures=True)


def test_log_segments_in_a_store_are_refused(environ: dict[str, str], other: Path, tmp_path: Path) -> None:
    upload(other, "later")
    obstore.put(objectstore._store("", "shelf", "later", os.environ), "runs/20261122T200000Z-1/1.jsonl", b"{}")
    ran = scrapy("add", "s3://shelf/later", root=tmp_path / "archive")
    assert ran.status == 1
    assert ran.err == ("scrapy add: s3://shelf/later: runs/20261122T200000Z-1 holds log segments, which only a later version "
                       "of dw-archiver can read\n")  # fmt: skip
    assert not (tmp_path / "archive").exists()


REACH = "the store cannot be reached: check AWS_ENDPOINT_URL and AWS_REGION"


@pytest.mark.parametrize(("address", "changed", "message"), [
    ("s3://shelf/nothing", {}, "s3://shelf/nothing: there is no archive, because runs/ is empty or missing"),
    ("s3://unknown", {}, "s3://unknown: there is no such bucket"),
    ("s3://shelf", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, f"s3://shelf: {REACH}"),
    ("s3://shelf", {"AWS_ENDPOINT_URL": "http://me:SECRET@host"},
     "s3://shelf: AWS_ENDPOINT_URL is not an address like https://s3.example.org"),
    ("s3://shelf", {"AWS_ENDPOINT_URL": "SECRET"}, "s3://shelf: AWS_ENDPOINT_URL is not an address like https://s3.example.org"),
    ("s3://shelf", {"AWS_ALLOW_HTTP": ""},
     "s3://shelf: AWS_ENDPOINT_URL is plain http, which only AWS_ALLOW_HTTP=true allows"),
    ("s3://shelf", {"AWS_SECRET_ACCESS_KEY": ""}, "s3://shelf: no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    ("s3://shelf/../up", {}, "s3://shelf/../up: not a prefix that a store can have"),
    ("s3://", {}, "an archive in a store is named s3://BUCKET/PREFIX"),
    ("s3://key:SECRET@shelf", {}, "an archive in a store is named s3://BUCKET/PREFIX"),
    ("gs://shelf/x", {}, "gs://... cannot be added; an archive in a store is named s3://BUCKET/PREFIX"),
    ("https://me:SECRET@host/", {}, "https://... cannot be added; an archive in a store is named s3://BUCKET/PREFIX"),
], ids=str)  # fmt: skip
def test_prefix_without_an_archive_is_refused_with_one_line(
    address: str, changed: dict[str, str], message: str,
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name, value in changed.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    ran = scrapy("add", address, root=tmp_path / "archive")
    assert (ran.status, ran.out, ran.err) == (1, "", f"scrapy add: {message}\n")
    assert not (tmp_path / "archive").exists()


class Refusing(BaseHTTPRequestHandler):
    """Answers like a store that does not know the keys, and repeats the request in its answer."""

    def do_GET(self) -> None:
        key = "<AWSAccessKeyId>a-key</AWSAccessKeyId><StringToSign>SECRET</StringToSign>"
        body = f"<Error><Code>InvalidAccessKeyId</Code><Message>no</Message>{key}</Error>".encode()
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        pass


def test_message_about_wrong_keys_does_not_show_them(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=refusing.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{refusing.server_address[1]}")
    ran = scrapy("add", "s3://shelf/x", root=tmp_path / "archive")
    refusing.shutdown()
    thread.join()
    refusing.server_close()
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == ("scrapy add: s3://shelf/x: the store refuses access: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
                       "what they allow\n")  # fmt: skip


def test_missing_obstore_is_reported_with_the_package_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(UnusableArchive, match=r"s3:// needs the package obstore: pip install 'dw-archiver\[shared\]'"):
        objectstore.named("s3://shelf/x", {})


@pytest.mark.parametrize(("said", "meaning"), [
    ("Error performing PUT http://169.254.169.254/latest/api/token", "no keys"),
    ("status code: 503 Slow: <Code>SlowDown</Code>", "the store answers SlowDown"),
    ("status code: 500 Internal Server Error: SECRET", "the store answers with status 500"),
    ("status code: 403 Forbidden", "the store refuses access"),
    ("SECRET", "the store cannot be reached"),
])  # fmt: skip
def test_errors_are_never_repeated(said: str, meaning: str) -> None:
    found = objectstore._meaning(said)
    assert found.startswith(meaning)
    assert "SECRET" not in found.replace("AWS_SECRET_ACCESS_KEY", "")
