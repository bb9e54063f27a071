"""The starting points in a `seeds` argument: files, folders, addresses, standard input."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crawler import seedfile, urls
from crawler.exceptions import SeedFormatError
from crawler.files import open_file
from crawler.seedfile import SeedDocument
from crawler.urls import Sites, Target

MAX_FILE_BYTES = 32 * 1024 * 1024  # the largest recorded document has 40 KB

STDIN = "-"

_MOST_COMMAS = 100  # in one address; a title has a few
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MARKS = re.compile(b"(?:" + codecs.BOM_UTF8 + b")+")
_BEGIN = re.compile(r"[a-z]+://", re.IGNORECASE)  # of an address
_START = re.compile(r"(?:search|mediacenter|edition):(?!//)")


@dataclass(frozen=True)
class Address:
    """An address that leads to something of DW's. place: where it was found, such as `list.txt:7`."""

    place: str
    target: Target
    url: str


@dataclass(frozen=True)
class Start:
    """A starting point that is not an address: `search:...`, `mediacenter:...`, `edition:...`."""

    place: str
    text: str


@dataclass(frozen=True)
class Document:
    """A seed document. is_mended: whether the file had a byte order mark, UTF-16, or line ends other than `\\n`."""

    place: str
    document: SeedDocument
    is_mended: bool = False


@dataclass(frozen=True)
class Problem:
    """Something that is not a seed. reason: a sentence that does not name the place."""

    place: str
    reason: str


Seed = Address | Start | Document | Problem


def read(argument: str, stdin: BinaryIO, sites: Sites) -> Iterator[Seed]:
    """Yield the seeds of a `seeds` argument, in order: comma-separated files, folders (recursively), addresses,
    starting points (`edition:zh`), `-`.

    One file at a time is held in memory. Anything that is not a seed comes as a Problem, which names file and line.
    """
    for part in split(argument, sites):
        if part == STDIN:
            yield from _file("standard input", stdin.read(MAX_FILE_BYTES + 1), sites)
        elif "://" in part or _START.match(part):
            yield _address("argument", part, sites)
        elif part:
            yield from read_path(Path(part), sites)


def split(argument: str, sites: Sites) -> list[str]:
    """Split a `seeds` argument at its commas, but not at those that belong to an address.

    A piece that is neither an address, a starting point, `-`, nor the name of something on disk belongs to the address
    before it if the two together lead to a document that the address alone does not lead to.
    """
    found: list[str] = []
    pieces = argument.split(",")
    while pieces:
        part = pieces.pop(0).strip()
        if "://" in part:
            alone = urls.parse_target(part, sites)
            for end in range(1, _pieces_of_address(pieces, is_seed=alone is not None) + 1):
                whole = ",".join([part, *pieces[:end]]).strip()
                if (target := urls.parse_target(whole, sites)) and target != alone:
                    part, pieces = whole, pieces[end:]
                    break
        found.append(part)
    return found


def _pieces_of_address(pieces: list[str], *, is_seed: bool) -> int:
    """Return how many of the pieces that follow an address can belong to it. is_seed: whether it is one without them; else
    `,,` and `-` may be part of a title."""
    for count, piece in enumerate(pieces[:_MOST_COMMAS]):
        text = piece.strip()
        if _BEGIN.match(text) or (text not in ("", STDIN) and os.path.lexists(text)):
            return count
        if is_seed and (text in ("", STDIN) or _START.match(text)):
            return count
    return min(len(pieces), _MOST_COMMAS)


def read_path(path: Path, sites: Sites) -> Iterator[Seed]:
    """Yield the seeds of a file, or of all files in a folder, recursively, in order of name."""
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
        with open_file(path, follow=True) as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        yield Problem(str(path), f"cannot be read: {error.strerror}")
        return
    yield from _file(str(path), data, sites)


def _file(place: str, data: bytes, sites: Sites) -> Iterator[Seed]:
    if len(data) > MAX_FILE_BYTES:
        yield Problem(place, f"larger than {MAX_FILE_BYTES:,} bytes")
        return
    try:
        text = _without_mark(data)
    except UnicodeDecodeError as error:
        yield Problem(place, f"neither UTF-8 nor UTF-16: {error.reason}")
        return
    if text.startswith(b"<!--"):
        yield _document(place, text, is_mended=text is not data)
    elif _is_binary(text[:1024]):  # a picture or the like is one problem, not one for each of its lines
        yield Problem(place, "a binary file: neither a list nor a seed document")
    else:
        yield from _list(place, text, sites)


def _is_binary(head: bytes) -> bool:
    """Return whether the beginning of a file is not text. A list may have a damaged byte, even a NUL, in one of its lines."""
    text = head.decode(errors="ignore").encode()
    return b"\0" in head and (len(text) < len(head) - 3 or head.count(0) > len(head) // 20)  # the end may cut a character


def _without_mark(data: bytes) -> bytes:
    """Return data in UTF-8 without a byte order mark; the same object if it is so already. Raises UnicodeDecodeError."""
    text = data.decode("utf-16").encode() if data.startswith(_UTF_16) else data
    marks = _MARKS.match(text)  # two tools in a row leave two
    return text[marks.end() :] if marks else text


def _document(place: str, data: bytes, *, is_mended: bool) -> Document | Problem:
    mended = data.replace(b"\r\n", b"\n")  # git's autocrlf writes such files, and editors some of them
    if re.match(rb"[^\r\n]{1,99}\r", mended):
        mended = mended.replace(b"\r", b"\n")
    mended = re.sub(rb"\n\n+\Z", b"\n", mended)  # empty lines at the end, left by an editor
    is_mended = is_mended or mended != data
    try:
        document = seedfile.loads(mended)
    except SeedFormatError as error:
        return Problem(f"{place}:{error.line}", error.problem)
    if document.id is None:
        return Problem(f"{place}:2", f"no id in the address {document.url[:200]}")
    return Document(place, document, is_mended)


def _list(place: str, data: bytes, sites: Sites) -> Iterator[Seed]:
    for number, line in enumerate(data.splitlines(), 1):
        try:
            word = line.decode().strip()
        except UnicodeDecodeError as error:
            yield Problem(f"{place}:{number}", f"not UTF-8: {error.reason}")
            continue
        if word and not word.startswith("#"):
            # a comment may follow an address; a bare `#` belongs to it
            word = word.split(" #", 1)[0].strip()
            for part in split(word, sites) if _BEGIN.match(word) else [word]:
                yield _address(f"{place}:{number}", part, sites)


def _address(place: str, url: str, sites: Sites) -> Address | Start | Problem:
    if _START.match(url):
        return Start(place, url)
    target = urls.parse_target(url, sites)
    if target is None:
        return Problem(place, f"not the address of a document or list at DW: {url[:200]!r}")
    return Address(place, target, url)
