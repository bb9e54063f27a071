"""WACZ 1.1.1: a WARC with its index and a list of pages in one ZIP file, as ReplayWeb.page opens it.

We write it ourselves: `wacz create` writes another file each time, and needs 53 packages.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from crawler.export.notebook import Notebook
from crawler.export.output import writing
from crawler.export.pages import Pages
from crawler.export.source import Source
from crawler.export.warc import Written, last_run, records, write_records
from crawler.files import pieces
from crawler.storage import disk

_WARC = "data.warc.gz"
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that ZIP can hold; the same for all, so that an export is repeatable


def write(source: Source, path: Path, pages: Pages) -> None:
    """Write a WACZ file.

    The WARC comes last, because its size must be known first: otherwise its header would differ from its entry in the directory
    of the ZIP file (ZIP64). ReplayWeb.page relies on both being the same.
    """
    date, warc = last_run(source), path.with_name(f"{path.name}.warc")
    try:
        with Notebook(source.library.path) as notebook:
            with writing(warc) as file:
                data = _Measured(file)
                for written in write_records(records(source, notebook, pages), data, _WARC, date):
                    _note(notebook, written)
            with writing(path) as file, zipfile.ZipFile(file, "w") as packed:
                index = _write(packed, "indexes/index.cdx", notebook.noted("index"))
                head = {"format": "json-pages-1.0", "id": "pages", "title": "All Pages", "hasText": False}
                listed = _write(packed, "pages/pages.jsonl", [_json(head), *notebook.noted("page")])
                package = {
                    "profile": "data-package", "title": "News of Deutsche Welle", "wacz_version": "1.1.1",
                    "software": "dw-archiver", "created": date, "modified": date,
                    "resources": [data.resource(f"archive/{_WARC}"), index, listed],
                }  # fmt: skip
                described = _write(packed, "datapackage.json", [json.dumps(package, indent=2)])
                digest = {"path": "datapackage.json", "hash": described["hash"]}
                _write(packed, "datapackage-digest.json", [json.dumps(digest, indent=2)])
                with packed.open(_entry(f"archive/{_WARC}", data.size), "w") as entry:
                    for piece in pieces(warc):
                        entry.write(piece)
    finally:
        disk.discard(warc)


def _note(notebook: Notebook, written: Written) -> None:
    """Keep the lines of a record for the index and, if it is a page, for the list of pages."""
    record = written.record
    if record.type != "resource":
        return
    key, moment = surt(record.address), re.sub(r"\D", "", record.date)
    values = {"url": record.address, "mime": record.mime.partition(";")[0], "digest": written.digest,
              "length": str(written.length), "offset": str(written.offset), "filename": _WARC}  # fmt: skip
    notebook.note("index", f"{key} {moment}", f"{key} {moment} {_json(values)}")
    if record.title:
        page = {"id": record.key, "url": record.address, "title": record.title, "ts": record.date}
        notebook.note("page", "", _json(page))


def surt(address: str) -> str:
    """Return the key of an address in an index: host reversed, all in lower case, without scheme and `www.`.

    >>> surt("https://static.dw.com/image/63_303.jpg")
    'com,dw,static)/image/63_303.jpg'
    """
    parts = urlsplit(address.lower())
    host = re.sub(r"^www\d*\.", "", parts.hostname or "")
    return f"{','.join(reversed(host.split('.')))}){parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _write(packed: zipfile.ZipFile, name: str, lines: Iterable[str]) -> dict[str, object]:
    """Write lines as an entry. Returns its description."""
    with packed.open(_entry(name), "w") as file:
        entry = _Measured(file)
        for line in lines:
            entry.write(f"{line}\n".encode())
    return entry.resource(name)


def _entry(name: str, size: int = 0) -> zipfile.ZipInfo:
    """Return the head of an entry that is stored as it is, so that a reader can fetch parts of it. size: of a large one."""
    about = zipfile.ZipInfo(name, _DATE)
    about.external_attr = 0o644 << 16
    about.create_system = 3  # Unix, wherever this runs
    about.file_size = size
    return about


class _Measured:
    """A file that is written, with the size and sha256 of what it has so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """Do nothing. warcio calls this after each record."""

    def resource(self, path: str) -> dict[str, object]:
        """Return what datapackage.json says of it. path: its name in the ZIP file."""
        return {"name": path.rpartition("/")[2], "path": path, "hash": f"sha256:{self._digest.hexdigest()}", "bytes": self.size}
