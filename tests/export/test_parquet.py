"""`scrapy export parquet`: the rows of JSONL with real types, as DuckDB, polars and pyarrow read them."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import polars
import pyarrow.dataset
import pyarrow.parquet
import pytest

from crawler.export import parquet
from crawler.export.jsonl import line
from tests.export.test_jsonl import exported as as_jsonl
from tests.helpers_commands import archive_of, document, scrapy
from tests.reader import samples


def exported(root: Path, to: Path, *options: str) -> Path:
    ran = scrapy("export", "parquet", "--to", to, *options, root=root)
    assert (ran.status, ran.err) == (0, "")
    return to


def rows_of(path: Path) -> list[dict[str, Any]]:
    return list(pyarrow.parquet.read_table(path, partitioning=None).to_pylist())


@pytest.mark.parametrize("which", ["archive", "hostile_archive"])
def test_rows_are_those_of_jsonl(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    root = request.getfixturevalue(which)
    found = rows_of(exported(root, tmp_path / "a.parquet", "--revisions"))
    rows = as_jsonl(root, tmp_path / "a.jsonl", "--revisions")
    assert [json.loads(line(row)) for row in found] == rows


def test_columns_have_real_types(archive: Path, tmp_path: Path) -> None:
    read = pyarrow.parquet.read_schema(exported(archive, tmp_path / "a.parquet"))
    types = {field.name: str(field.type) for field in read}
    assert types["published"] == types["stamp"] == "timestamp[ms, tz=UTC]"
    assert (types["id"], types["references"], types["gone"]) == ("int64", "list<element: int64>", "bool")
    assert [field.name for field in read if field.nullable] == ["published", "reply_path"]
    assert read.metadata[b"dw-archiver.schema"] == b"document-1"
    column = pyarrow.parquet.read_metadata(tmp_path / "a.parquet").row_group(0).column(0)
    assert column.compression == "ZSTD"


def test_row_groups_follow_one_another_in_order_of_publication(archive: Path, tmp_path: Path) -> None:
    with patch.object(parquet, "_GROUP_ROWS", 4):
        exported(archive, tmp_path / "a.parquet", "--kind", "article")
    meta = pyarrow.parquet.read_metadata(tmp_path / "a.parquet")
    place = meta.schema.names.index("published")
    bounds = [meta.row_group(group).column(place).statistics for group in range(meta.num_row_groups)]
    assert meta.num_row_groups == 3
    assert all(one.max <= two.min for one, two in itertools.pairwise(bounds))
    assert max(meta.row_group(group).num_rows for group in range(3)) == 4


def test_duckdb_and_polars_count_as_status_does(archive: Path, tmp_path: Path) -> None:
    to = exported(archive, tmp_path / "a.parquet")
    status = scrapy("status", "--json", root=archive).json
    with duckdb.connect() as db:
        counted = dict(db.sql(f"SELECT language, count(*) FROM '{to}' GROUP BY 1").fetchall())
        pictures = db.sql(f"SELECT count(*) FROM (SELECT unnest(pictures) AS p FROM '{to}') WHERE p.sha256 IS NULL").fetchall()
        first = db.sql(f"SELECT min(published) FROM '{to}'").fetchall()
    assert counted == status["languages"]
    assert pictures == [(1,)]
    assert first[0][0].astimezone(UTC) == datetime(2026, 4, 22, tzinfo=UTC)
    frame = polars.read_parquet(to)
    assert dict(frame.group_by("language").len().iter_rows()) == status["languages"]
    assert str(frame.schema["published"]) == "Datetime(time_unit='ms', time_zone='UTC')"


def test_partitions_are_folders_as_in_hive(archive: Path, tmp_path: Path) -> None:
    to = exported(archive, tmp_path / "by-year", "--partition", "language,year", "--revisions")
    files = sorted(path.relative_to(to).as_posix() for path in to.rglob("*.parquet"))
    assert "zh/year=2026/part-0.parquet" in [name.removeprefix("language=") for name in files]
    assert "language=en/year=__HIVE_DEFAULT_PARTITION__/part-0.parquet" in files  # no time of publication
    assert not {"language", "year"} & set(pyarrow.parquet.read_schema(to / files[0]).names)
    rows = as_jsonl(archive, tmp_path / "a.jsonl", "--revisions")
    with duckdb.connect() as db:
        read = db.sql(f"SELECT id, language, year FROM read_parquet('{to}/**/*.parquet', hive_partitioning = true)").fetchall()
    years = [(row["id"], row["language"], row["published"] and int(row["published"][:4])) for row in rows]
    assert sorted(read, key=str) == sorted(years, key=str)
    parts = pyarrow.dataset.dataset(to, partitioning="hive").to_table(filter=pyarrow.dataset.field("language") == "zh")
    assert parts.column("id").to_pylist() == [samples.CHINESE]
    assert polars.scan_parquet(to, hive_partitioning=True).filter(polars.col("language") == "de").collect()["id"].to_list() == [
        samples.GERMAN]  # fmt: skip


def test_partitions_by_language_alone(archive: Path, tmp_path: Path) -> None:
    to = exported(archive, tmp_path / "by-language", "--partition", "language", "--language", "zh,en")
    assert sorted(path.relative_to(to).as_posix() for path in to.rglob("*.parquet")) == [
        "language=en/part-0.parquet", "language=zh/part-0.parquet"]  # fmt: skip


def test_same_archive_gives_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    one, two = (exported(archive, tmp_path / name, "--revisions") for name in ("a.parquet", "b.parquet"))
    assert one.read_bytes() == two.read_bytes()


def test_archive_without_documents_is_a_table_without_rows(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive")
    assert rows_of(exported(root, tmp_path / "a.parquet")) == []
    exported(root, tmp_path / "folder", "--partition", "language")
    assert list((tmp_path / "folder").iterdir()) == []


def test_year_that_comes_twice_has_two_files(tmp_path: Path) -> None:
    # an earlier version may show another year than its document
    first = document(70000001, date="2025-12-31T00:00:00.000Z")
    later = document(70000001, first.stamp_ms + 1000, date="2026-01-01T00:00:00.000Z", body="<p>Other words.</p>")
    root = archive_of(tmp_path / "archive", first, later, document(70000000, date="2026-01-01T00:00:00.000Z"))
    to = exported(root, tmp_path / "folder", "--partition", "language,year", "--revisions")
    assert len(list(to.rglob("*.parquet"))) == 3
    assert sorted(pyarrow.dataset.dataset(to, partitioning="hive").to_table().column("year").to_pylist()) == [2025, 2026, 2026]


def test_shards_of_a_partitioned_export_give_together_every_document(archive: Path, tmp_path: Path) -> None:
    for name, shard in (("whole", "1/1"), ("one", "1/2"), ("two", "2/2")):
        words = ("--partition", "language", "--shard", shard, "--to", tmp_path / name)
        assert scrapy("export", "parquet", *words, root=archive).status == 0
    whole, one, two = ([row["id"] for row in rows_of(tmp_path / name)] for name in ("whole", "one", "two"))
    assert sorted(one + two) == sorted(whole)
    assert one
    assert two
