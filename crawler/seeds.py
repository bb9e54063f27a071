"""Which starting points a `seeds` argument holds: files, folders, addresses, standard input."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crawler import disk, seedfile, urls
from crawler.exceptions import SeedFormatError
from crawler.seedfile import SeedDocument
from crawler.urls import Sites, Target

MAX_FILE_BYTES = 32 * 1024 * 1024  # the largest recorded document has 40 KB

STDIN = "-"

_START = re.compile(r"(?:search|mediacenter|edition):(?!//)")


@dataclass(frozen=True)
class Address:
    """An address that leads to something of DW's. place: where it was found."""

    place: str
    target: Target
    url: str


@dataclass(frozen=True)
class Start:
    """A starting point that is no address: `search:...`, `mediacenter:...`, `edition:...`."""

    place: str
    text: str


@dataclass(frozen=True)
class Document:
    """A seed document."""

    place: str
    document: SeedDocument


@dataclass(frozen=True)
class Problem:
    """Something that is no seed. reason: a sentence without the place."""

    place: str
    reason: str


Seed = Address | Start | Document | Problem


def read(argument: str, stdin: BinaryIO, sites: Sites) -> Iterator[Seed]:
    """Every seed of a `seeds` argument, in order: comma-separated files, folders (recursively), addresses,
    starting points (`edition:zh`), `-`.

    Nothing is held in memory but the file at hand. What is no seed comes as a Problem that names file and line.
    """
    for part in (part.strip() for part in argument.split(",")):
        if part == STDIN:
            yield from _file("standard input", stdin.read(MAX_FILE_BYTES + 1), sites)
        elif "://" in part or _START.match(part):
            yield _address("argument", part, sites)
        elif part:
            yield from read_path(Path(part), sites)


def read_path(path: Path, sites: Sites) -> Iterator[Seed]:
    """Every seed of a file, or of all files in a folder, recursively, in order of name."""
    if os.path.isdir(path):  # unlike is_dir() of Path and DirEntry it never raises
        try:
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError as error:
            yield Problem(str(path), f"cannot be read: {error.strerror}")
            return
        for entry in entries:
            # links to folders may lead in circles
            if not entry.name.startswith(".") and not (entry.is_symlink() and os.path.isdir(entry)):
                yield from read_path(path / entry.name, sites)
        return
    try:
        with disk.open_file(path, follow=True) as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        yield Problem(str(path), f"cannot be read: {error.strerror}")
        return
    yield from _file(str(path), data, sites)


def _file(place: str, data: bytes, sites: Sites) -> Iterator[Seed]:
    if len(data) > MAX_FILE_BYTES:
        yield Problem(place, f"larger than {MAX_FILE_BYTES:,} bytes")
    elif data.startswith(b"<!--"):
        try:
            document = seedfile.loads(data)
        except SeedFormatError as error:
            yield Problem(f"{place}:{error.line}", error.problem)
            return
        if document.id is None:
            yield Problem(f"{place}:2", f"no number in the address {document.url[:200]}")
        else:
            yield Document(place, document)
    else:
        yield from _list(place, data, sites)


def _list(place: str, data: bytes, sites: Sites) -> Iterator[Seed]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield Problem(f"{place}:{data.count(bytes([10]), 0, error.start) + 1}", "not UTF-8: neither a list nor a seed document")
        return
    for number, line in enumerate(text.splitlines(), 1):
        word = line.strip()
        if word and not word.startswith("#"):
            # a comment may follow an address; a bare `#` belongs to it
            yield _address(f"{place}:{number}", word.split(" #", 1)[0].strip(), sites)


def _address(place: str, url: str, sites: Sites) -> Address | Start | Problem:
    if _START.match(url):
        return Start(place, url)
    target = urls.parse_target(url, sites)
    if target is None:
        return Problem(place, f"not an address of DW's: {url[:200]!r}")
    return Address(place, target, url)
