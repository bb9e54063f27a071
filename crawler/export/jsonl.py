"""JSON Lines: a row for each document, for every program. The schema is docs/document-1.schema.json."""

from __future__ import annotations

import gzip
import json
import re
from datetime import datetime
from pathlib import Path
from typing import IO

from crawler import times
from crawler.export.output import writing
from crawler.export.rows import Row, row
from crawler.export.source import Source

_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029]")
"""Characters that some readers take for a line end, or that control a terminal. They are written as escapes of the same
meaning."""


def write(source: Source, path: Path, *, is_packed: bool) -> None:
    """Write a line for each document. is_packed: as gzip, without a time in it."""
    with writing(path) as file:
        if is_packed:
            with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                _write_lines(source, packed)
        else:
            _write_lines(source, file)


def _write_lines(source: Source, file: IO[bytes] | gzip.GzipFile) -> None:
    for document in source.all():
        file.write(line(row(document)).encode())


def line(columns: Row) -> str:
    """Return a row as a line of JSON, with its line end. Times become ISO 8601 in UTC: `2026-05-01T10:00:00.000Z`."""
    published: datetime | None = columns["published"]
    moments = {"published": published and times.iso_ms(published), "stamp": times.iso_ms(columns["stamp"])}
    text = json.dumps({**columns, **moments}, ensure_ascii=False)
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"
