"""Count what a contestant left on disk: articles, pictures, and incomplete files, also inside WARC and WACZ."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_OWN = ("output.log",)
_NUMBER = re.compile(r"(?<!\d)8\d{7}(?!\d)")  # as the site numbers its articles


@dataclass(frozen=True)
class Kept:
    """The files that a contestant kept.

    articles: as the contestant names them. pictures: distinct pictures with the bytes that were served. bad: number of files
    that are empty, cut off, or different from what was served. bytes: of all files together.
    """

    articles: int
    pictures: int
    bad: int
    bytes: int


def look(folder: Path, served: frozenset[str], bookkeeping: tuple[str, ...]) -> Kept:
    """Examine all files below a folder; articles are not counted.

    served: sha256 of each picture. bookkeeping: prefixes of paths without content; such files have a size, but are never bad.
    """
    found: set[str] = set()
    bad = size = 0
    for path in files(folder):
        size += path.stat().st_size
        if str(path.relative_to(folder)).startswith(bookkeeping):
            continue
        digests, whole = _inside(path) if _is_container(path) else (_one(path), True)
        found |= digests & served
        is_picture = path.suffix == ".jpg"
        if not whole or (is_picture and not digests & served) or (not is_picture and not _is_whole(path)):
            bad += 1
    return Kept(0, len(found), bad, size)


def files(folder: Path) -> list[Path]:
    """Yield every file below a folder, except those of the measurement."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in _OWN)


def snapshot(folder: Path, bookkeeping: tuple[str, ...]) -> dict[str, str]:
    """Return path to sha256 of all files with content."""
    paths = ((str(path.relative_to(folder)), path) for path in files(folder))
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths if not name.startswith(bookkeeping)}


def changed(before: dict[str, str], after: dict[str, str]) -> int:
    """Return the number of files that are new, gone or different."""
    return sum(before.get(name) != after.get(name) for name in before.keys() | after.keys())


def _one(path: Path) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest()}


def _is_whole(path: Path) -> bool:
    """Whether a file that is not a picture is complete, as far as its type shows."""
    data = path.read_bytes()
    try:
        if path.suffix == ".json":
            json.loads(data)
        elif path.suffix == ".gz" and not _is_container(path):
            gzip.decompress(data)
        elif path.suffix == ".html" or path.name.startswith("a-"):
            return data.rstrip().endswith(b"</html>")
        elif path.suffix == ".txt" and data.startswith(b"<!--"):
            return data.endswith(b"\n")
    except (ValueError, EOFError, zlib.error, OSError):
        return False
    return bool(data)


# --- WARC ------------------------------------------------------------------------------------------------------------


def _is_container(path: Path) -> bool:
    return path.name.endswith((".warc", ".warc.gz", ".wacz"))


def _inside(path: Path) -> tuple[set[str], bool]:
    """Return the sha256 of each body in a container, and whether the container could be read to its end."""
    try:
        return {hashlib.sha256(body).hexdigest() for _, body in responses(path)}, True
    except (ValueError, EOFError, OSError, zlib.error, zipfile.BadZipFile):
        return set(), False


def responses(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (address, body) of each reply in a WARC or WACZ file. A damaged file raises the error of its reader."""
    if path.name.endswith(".wacz"):
        with zipfile.ZipFile(path) as pack:
            for name in pack.namelist():
                if name.endswith((".warc", ".warc.gz")):
                    with pack.open(name) as inner:
                        yield from _records(gzip.GzipFile(fileobj=inner) if name.endswith(".gz") else inner)
    else:
        with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
            yield from _records(file)


def _records(file: IO[bytes] | gzip.GzipFile) -> Iterator[tuple[str, bytes]]:
    while line := file.readline():
        if not line.startswith(b"WARC/"):
            continue
        headers = {}
        while line := file.readline().strip():
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers[b"content-length"])
        data = file.read(length)
        if len(data) < length:
            raise EOFError("a cut record")
        if headers.get(b"warc-type") == b"response":
            yield headers.get(b"warc-target-uri", b"").decode().strip("<>"), data.partition(b"\r\n\r\n")[2]


def warc_articles(folder: Path) -> int:
    """Return the number of distinct articles in the containers below a folder; in a damaged one, those before the damage."""
    addresses: list[str] = []
    for path in filter(_is_container, files(folder)):
        with suppress(ValueError, EOFError, OSError, zlib.error, zipfile.BadZipFile):
            addresses.extend(address for address, _ in responses(path) if "/a-" in address or "/api/detail/" in address)
    return different(addresses)


def different(names: Iterable[str]) -> int:
    """Return the number of distinct articles that paths or addresses name."""
    return len({number for name in names for number in _NUMBER.findall(name)})
