"""Parquet: the columns of JSONL with real types, for DuckDB, pandas, polars and Spark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from crawler.export.columnar import columnar
from crawler.export.needs import needed
from crawler.export.output import writing
from crawler.export.rows import Row, row
from crawler.export.source import Source

PARTITIONS = ("language", "year")
_REPEATING = ["kind", "language", "author"]
"""Columns whose values repeat: a dictionary of the others would cost time and save nothing."""
_NULL = "__HIVE_DEFAULT_PARTITION__"  # Hive's own name for a partition without a value
_GROUP_ROWS, _GROUP_CHARACTERS = 5_000, 1_000_000  # limits of a row group, which is held in memory


def write(source: Source, path: Path) -> None:
    """Write all rows into one file. Row groups follow one another in order of publication, and so do the rows in each."""
    with _Arrow() as arrow:
        arrow.write(map(row, source.all()), path)


def write_partitions(source: Source, folder: Path, by: Sequence[str]) -> None:
    """Write `language=zh/part-0.parquet`, or `language=zh/year=2026/part-0.parquet`. by: the first of PARTITIONS, or both.

    As in Hive, the columns that the folders name are not in the files. The year is that of publication, UTC.
    """
    parts: Counter[str] = Counter()
    with _Arrow(by) as arrow:
        for language in source.languages():
            for place, rows in groupby(map(row, source.of_language(language)), lambda one: _place(one, by)):
                arrow.write(rows, folder / place / f"part-{parts[place]}.parquet")
                parts[place] += 1


def is_ours(folder: Path) -> bool:
    """Whether a folder holds partitions and nothing else."""
    return all(one.is_dir() and one.name.startswith(f"{PARTITIONS[0]}=") for one in folder.iterdir())


def _place(one: Row, by: Sequence[str]) -> str:
    values = {"language": one["language"], "year": one["published"].year if one["published"] else _NULL}
    return "/".join(f"{name}={values[name]}" for name in by)


class _Arrow:
    """Writes rows with pyarrow. without: columns to leave out. Raises ExportError if pyarrow is missing."""

    def __init__(self, without: Sequence[str] = ()) -> None:
        with needed("pyarrow"):
            import pyarrow
            import pyarrow.parquet
        self._arrow = pyarrow
        self._schema = self._made_schema(without)

    def __enter__(self) -> _Arrow:
        return self

    def __exit__(self, *error: object) -> None:
        self._arrow.default_memory_pool().release_unused()

    def write(self, rows: Iterator[Row], path: Path) -> None:
        with writing(path) as file:
            writer = self._arrow.parquet.ParquetWriter(
                file, self._schema, compression="zstd", compression_level=1, use_dictionary=_REPEATING,
            )  # fmt: skip
            with writer:
                for group in _groups(rows):
                    columns = [columnar(self._arrow, field.type, [one[field.name] for one in group]) for field in self._schema]
                    writer.write_table(self._arrow.Table.from_arrays(columns, schema=self._schema), row_group_size=len(group))

    def _made_schema(self, without: Sequence[str]) -> Any:
        arrow = self._arrow
        text, whole, flag, moment = arrow.string(), arrow.int64(), arrow.bool_(), arrow.timestamp("ms", tz="UTC")
        picture = arrow.struct([
            arrow.field("id", whole, nullable=False), arrow.field("rendition", text, nullable=False),
            arrow.field("address", text, nullable=False), ("path", text), ("sha256", text),
        ])  # fmt: skip
        types = {
            "id": whole, "kind": text, "language": text, "title": text, "author": text, "published": moment, "stamp": moment,
            "stamp_ms": whole, "url": text, "html": text, "text": text, "references": arrow.list_(whole),
            "pictures": arrow.list_(picture), "revision": flag, "gone": flag, "path": text, "reply_path": text, "sha256": text,
        }  # fmt: skip
        may_be_null = ("published", "reply_path")
        fields = [arrow.field(name, kind, nullable=name in may_be_null) for name, kind in types.items() if name not in without]
        return arrow.schema(fields, metadata={"dw-archiver.schema": "document-1"})


def _groups(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Yield row groups, each sorted by publication, because an earlier version may have another date than its document."""
    group: list[Row] = []
    characters = 0
    for one in rows:
        group.append(one)
        characters += len(one["html"])
        if len(group) >= _GROUP_ROWS or characters >= _GROUP_CHARACTERS:
            yield sorted(group, key=_publication)
            group, characters = [], 0
    if group:
        yield sorted(group, key=_publication)


def _publication(one: Row) -> tuple[Any, ...]:
    return one["published"] is None, one["published"] or one["stamp"], one["id"], one["stamp_ms"]
