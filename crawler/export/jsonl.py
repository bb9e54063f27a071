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

_BREAKS = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")
"""UTF-8 of U+007F to U+009F, U+2028 and U+2029, which some readers take for a line end, or which control a terminal. They are
written as escapes of the same meaning."""
_SIGNS = (b"\x7f", b"\xc2", b"\xe2\x80\xa8", b"\xe2\x80\xa9")  # looked for first: text without any is the usual case
_encoder = json.JSONEncoder(ensure_ascii=False)


def write(source: Source, path: Path, *, is_packed: bool) -> None:
    """Write a line for each document. is_packed: compress with gzip, without a time in its header."""
    with writing(path) as file:
        if is_packed:
            with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                _write_lines(source, packed)
        else:
            _write_lines(source, file)


def _write_lines(source: Source, file: IO[bytes] | gzip.GzipFile) -> None:
    for document in source.all():
        file.write(line(row(document)))


def line(columns: Row) -> bytes:
    """Return a row as a line of JSON in UTF-8, with its line end. Times become ISO 8601 in UTC: `2026-05-01T10:00:00.000Z`."""
    published: datetime | None = columns["published"]
    moments = {"published": published and times.iso_ms(published), "stamp": times.iso_ms(columns["stamp"])}
    data = _encoder.encode({**columns, **moments}).encode()
    if any(sign in data for sign in _SIGNS):
        data = _BREAKS.sub(lambda found: b"\\u%04x" % ord(found[0].decode()), data)
    return data + b"\n"
