"""`scrapy export jsonl`: rows with the full content of the documents, for any program."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from crawler import seedfile
from crawler.export.jsonl import line
from crawler.export.rows import COLUMNS
from crawler.library import Library
from crawler.seedfile import SeedDocument
from tests.crawling import ROOT
from tests.export.conftest import ODD
from tests.helpers_commands import scrapy
from tests.reader import samples

SCHEMA = json.loads((ROOT / "docs/document-1.schema.json").read_text())


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file. Lines are split as Python splits text, which knows more line ends than JSON Lines does."""
    data = path.read_bytes()
    return [json.loads(line) for line in (gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines()]


def exported(root: Path, to: Path, *options: str) -> list[dict[str, Any]]:
    ran = scrapy("export", "jsonl", "--to", to, *options, root=root)
    assert (ran.status, ran.err) == (0, "")
    return rows_of(to)


@pytest.mark.parametrize("which", ["archive", "hostile_archive"])
def test_rows_rebuild_every_document_byte_for_byte(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    root = request.getfixturevalue(which)
    found = exported(root, tmp_path / "a.jsonl", "--revisions")
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.txt")}
    assert {row["path"]: row for row in found}.keys() == files.keys()
    for row in found:
        document = SeedDocument(row["stamp_ms"], row["title"], row["url"], row["html"])
        assert seedfile.dumps(document).encode() == files[row["path"]]


@pytest.mark.parametrize("which", ["archive", "hostile_archive"])
def test_rows_keep_the_schema(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    for row in exported(request.getfixturevalue(which), tmp_path / "a.jsonl", "--revisions"):
        validator.validate(row)
        assert tuple(row) == COLUMNS


def test_schema_and_columns_are_the_same_list() -> None:
    assert tuple(SCHEMA["properties"]) == COLUMNS == tuple(SCHEMA["required"])


def test_rows_have_the_values_of_the_library(archive: Path, tmp_path: Path) -> None:
    found = {row["path"]: row for row in exported(archive, tmp_path / "a.jsonl", "--revisions")}
    with Library(archive) as library:
        documents = [version for each in library.documents() for version in (each, *each.revisions)]
    assert len(documents) == len(found)
    for each in documents:
        row = found[each.path]
        assert (row["id"], row["kind"], row["language"], row["author"]) == (each.id, each.kind, each.language, each.author)
        assert (row["text"], row["references"], row["sha256"]) == (each.text, list(each.references), each.sha256)
        assert (row["revision"], row["gone"]) == (each.path.startswith("revisions/"), False)
        assert [one["path"] for one in row["pictures"]] == [one.path for one in each.pictures]
        assert [one["sha256"] for one in row["pictures"]] == [one.sha256 for one in each.pictures]
    ferry = found["en/2026/05/70000001-the-ferry-that-waits-for-nobody-and-everybody.txt"]
    assert (ferry["published"], ferry["stamp"]) == ("2026-05-31T14:24:00.000Z", "2026-05-31T17:24:00.000Z")
    assert {one["id"]: one["path"] for one in ferry["pictures"]}[samples.MISSING_PICTURE] is None
    assert "\n\nA timetable of one line\n\n" in ferry["text"]


def test_documents_come_in_order_of_publication_each_after_its_earlier_versions(archive: Path, tmp_path: Path) -> None:
    found = exported(archive, tmp_path / "a.jsonl", "--revisions")
    current = [row["published"] for row in found if not row["revision"] and row["published"]]
    assert current == sorted(current)
    assert [row["published"] for row in found[-3:]] == [None] * 3  # a video, an audio and a gallery, without a date in them
    places = [place for place, row in enumerate(found) if row["revision"]]
    assert places
    assert all(found[place]["id"] == found[place + 1]["id"] for place in places)


def test_counts_are_those_of_status(archive: Path, tmp_path: Path) -> None:
    found = exported(archive, tmp_path / "a.jsonl")
    status = scrapy("status", "--json", root=archive).json
    assert sum(status["languages"].values()) == len(found)
    assert {name: [row["language"] for row in found].count(name) for name in status["languages"]} == status["languages"]


def test_same_archive_gives_the_same_bytes_packed_or_not(archive: Path, tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl", "a.jsonl.gz", "b.jsonl.gz"):
        exported(archive, tmp_path / name, "--revisions")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()) == (tmp_path / "a.jsonl").read_bytes()


def test_duckdb_and_polars_read_every_row(archive: Path, hostile_archive: Path, tmp_path: Path) -> None:
    import duckdb
    import polars

    for place, root in enumerate((archive, hostile_archive)):
        to = tmp_path / f"{place}.jsonl"
        found = exported(root, to)
        with duckdb.connect() as db:
            read = db.read_json(str(to), format="newline_delimited").order("id").fetchall()
        assert [row[0] for row in read] == sorted(row["id"] for row in found)
        frame = polars.read_ndjson(to, infer_schema_length=None).sort("id")
        assert frame["html"].to_list() == [row["html"] for row in sorted(found, key=lambda row: row["id"])]


def test_odd_characters_survive(hostile_archive: Path, tmp_path: Path) -> None:
    found = exported(hostile_archive, tmp_path / "a.jsonl")
    assert next(row for row in found if row["id"] == 71_000_000)["html"].endswith(f"<p>{ODD}</p>")
    assert b"\x1b" not in (tmp_path / "a.jsonl").read_bytes()


def test_escapes_are_those_of_json() -> None:
    odd = [chr(one) for one in (*range(0x7E, 0xA2), 0x2027, 0x2028, 0x2029, 0x202A, 0x3000)]
    row = {"published": None, "stamp": datetime(2026, 5, 1, tzinfo=UTC), "title": "".join(odd)}
    data = line(row)
    assert json.loads(data)["title"] == row["title"]
    assert data.decode().rstrip("\n").splitlines() == [data.decode().rstrip("\n")]
    assert not any(one in data.decode() for one in odd if one != "\xa0" and (0x7F <= ord(one) < 0xA0 or one in "\u2028\u2029"))
