"""The run logs: what is written into their lines, and which lines of them can be believed.

A run has two: `{start}.jsonl`, a line for each file stored, and `{start}.states.ndjson`, a line for each change of state that
no file shows. A line is a JSON object that ends in a checksum of the bytes before it. A damaged line concerns that line alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crawler import times
from crawler.exceptions import DamagedLine
from crawler.files import open_file
from crawler.storage import disk, layout, logline, tree
from crawler.storage.logline import Record

FILES_END = ".jsonl"
STATES_END = ".states.ndjson"
_SHOWN = 100  # bytes
_TAIL = 64 * 1024  # bytes
_LONGEST = 16 * 1024 * 1024  # bytes; a real line has some 400. What is longer is not read into memory

_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # json.dumps would make one for each line

# CRC-32 finds every flipped bit and every damage within 4 bytes, and costs nothing beside the parsing. It need not resist
# anybody: whoever changes a line on purpose can write its checksum too.
_CHECKSUM = re.compile(rb',"crc32":"([0-9a-f]{8})"\}')
_HALF = re.compile("[\ud800-\udfff]")  # of a surrogate pair, which SQLite cannot store
_LENGTH = len(b',"crc32":"00000000"}')


@dataclass(frozen=True)
class Line:
    """A line of a run log. number: counted from 1. data: its bytes, the line end among them. records: what it says; of a
    damaged line what can still be proved. problem: what is wrong with it; empty for nothing."""

    number: int
    data: bytes = field(repr=False)
    records: tuple[Record, ...]
    problem: str = ""


def encode(record: Record) -> bytes:
    """The line of a record, with its checksum and a line end.

    >>> encode({"state": "gone", "kind": "article", "id": 7})
    b'{"state":"gone","kind":"article","id":7,"crc32":"3a99d0e4"}\\n'
    """
    # half a surrogate pair, as in a path that is not UTF-8, has no UTF-8 but a JSON escape of the same form
    body = _as_json(record)[:-1].encode("utf-8", "backslashreplace")
    return b'%b,"crc32":"%08x"}\n' % (body, zlib.crc32(body))


def decode(line: bytes, *, is_old: bool = False) -> Record:
    """The record of a line, without its checksum. is_old: of a log of version 1.1 or older, whose lines have none.

    Raises DamagedLine, which says what is wrong.
    """
    text = line.removesuffix(b"\n")
    checksum = _CHECKSUM.fullmatch(text[-_LENGTH:])
    if checksum is None and not is_old:
        raise DamagedLine("no checksum")
    if checksum and int(checksum[1], 16) != zlib.crc32(text[:-_LENGTH]):
        raise DamagedLine("its checksum is another")
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedLine("no JSON") from error
    if not isinstance(record, dict):
        raise DamagedLine("no JSON object")
    if b"\\u" in text:
        record = {key: _HALF.sub("\ufffd", value) if isinstance(value, str) else value for key, value in record.items()}
    if checksum:
        del record["crc32"]
    logline.check(record, is_old=checksum is None)
    return record


def lines(path: Path) -> Iterator[Line]:
    """The lines of a log in order, damaged ones too. What a crash cut off after the last line end is none.

    A log either has checksums or, of version 1.1 and older, none at all. Raises OSError.
    """
    is_old = not _has_checksums(path)
    for number, data in enumerate(_pieces(path), 1):
        if not data.endswith(b"\n") and not _has_more_than_a_record(data):
            return
        try:
            yield Line(number, data, (decode(data, is_old=is_old),))
        except DamagedLine as error:
            yield Line(number, data, tuple(_proved(data)), str(error))


def whole_bytes(path: Path) -> int:
    """Return the size of a log in bytes up to its last line end. What follows was cut off by a crash, or is damaged.

    Raises OSError.
    """
    with open_file(path) as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - _TAIL)
            file.seek(start)
            if place := file.read(end - start).rfind(b"\n") + 1:
                return start + place
            end = start
    return 0


def _pieces(path: Path) -> Iterator[bytes]:
    """A file by line ends. Of a line that is far too long the start and the end, so that it is damaged and costs no memory."""
    with open_file(path) as file:
        while data := file.readline(_LONGEST):
            end = data
            while len(end) == _LONGEST and not end.endswith(b"\n"):
                end = file.readline(_LONGEST)
            yield data if end is data else data[:_SHOWN] + b"\0" + end[-_SHOWN:]


def _has_checksums(path: Path) -> bool:
    """Whether some line of a log has its right checksum."""
    for data in _pieces(path):
        with contextlib.suppress(DamagedLine):
            decode(data)
            return data.endswith(b"\n")
    return False


def _has_more_than_a_record(data: bytes) -> bool:
    """Whether a whole record stands in what has no line end, and something else after it: then it was not cut, but its line
    end is damaged."""
    with contextlib.suppress(ValueError, RecursionError):
        text = data.decode("utf-8", "replace")
        return json.JSONDecoder().raw_decode(text)[1] < len(text)
    return False


def _proved(data: bytes) -> Iterator[Record]:
    """The records in a damaged line that their checksums prove, as where a line end was lost between two."""
    start = 0
    for checksum in _CHECKSUM.finditer(data):
        found = data.find(b'{"', start)
        with contextlib.suppress(DamagedLine):
            yield decode(data[found : checksum.end()])
        start = checksum.end()


def shown(found: list[str]) -> str:
    """A list for a person: the first ten."""
    return "; ".join(found[:10]) + ("; ..." if len(found) > 10 else "")


def read_log(path: Path) -> Iterator[Record]:
    """What the lines of a log say; damaged ones are left out."""
    for line in lines(path):
        yield from line.records


def run_logs(root: Path) -> list[Path]:
    """The logs of every run in the order to read them: by the run's start, a run's files before its states."""
    logs = [root / layout.RUNS / name for name in tree.run_files(root) if layout.is_run_log(name)]
    return sorted(logs, key=lambda path: (path.name.split(".")[0], path.name.endswith(STATES_END)))


def free_run_name(folder: Path, start_ms: int) -> str:
    """The name of a run that starts now; a second after the last one's where that is not later, as when the clock was set
    back: the logs are read in the order of their names, and the last line about a path is the one that holds."""
    names = (path.name.partition(".")[0] for path in folder.glob("*Z.*"))
    last_ms = times.parse_ms(max(filter(times.parse_ms, names), default=""))
    return layout.run_name(start_ms if last_ms is None else max(start_ms, last_ms + 1000))


class RunLog:
    """The two logs of a run: `{start}.jsonl`, a line for each file stored, and `{start}.states.ndjson`, a line for each
    change of state that no file shows. Both are only ever appended to; a line cut by a crash is not read."""

    def __init__(self, folder: Path, start_ms: int) -> None:
        self.folder = folder
        self.name = free_run_name(folder, start_ms)
        self._descriptors: dict[str, int] = {}
        self.written: dict[str, int] = {}

    def append(self, end: str, records: list[Record]) -> None:
        """Append records to the log that ends so, and flush it."""
        name = self.name + end
        if name not in self._descriptors:
            self._descriptors[name] = disk.os_open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            disk.sync_folders([self.folder])
        data = b"".join(map(encode, records))
        try:
            disk.write_all(self._descriptors[name], data)
            disk.os_fsync(self._descriptors[name])
        except BaseException:
            os.ftruncate(self._descriptors[name], self.written.get(name, 0))
            raise
        self.written[name] = self.written.get(name, 0) + len(data)

    def go_on_under_a_later_name(self) -> None:
        """Have what follows read after all that was written: of one name the files are read before the states."""
        self.close()
        self.name = free_run_name(self.folder, times.parse_ms(self.name) or 0)

    def close(self) -> None:
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()
