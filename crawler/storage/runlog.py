"""Write and read the run logs.

A run has two: `{start}.jsonl` has a line for each stored file, and `{start}.states.ndjson` a line for each change of state that
no file shows. A line is a JSON object that ends in a checksum of the bytes before it, so damage is found line by line.
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
_LONGEST = 16 * 1024 * 1024  # bytes; a real line has about 400. Longer lines are not read into memory

_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # json.dumps would make one for each line

# CRC-32 finds every flipped bit and all damage within 4 bytes, and costs little next to JSON parsing. A cryptographic hash
# would protect no better: an attacker who changes a line can also write its checksum.
_CHECKSUM = re.compile(rb',"crc32":"([0-9a-f]{8})"\}')
_HALF = re.compile("[\ud800-\udfff]")  # half a surrogate pair, which SQLite cannot store
_LENGTH = len(b',"crc32":"00000000"}')


@dataclass(frozen=True)
class Line:
    """A line of a run log.

    number: counted from 1. data: its bytes, with the line end. records: one record; of a damaged line, those that its
    checksums prove. problem: why the line is damaged; '' if it is sound.
    """

    number: int
    data: bytes = field(repr=False)
    records: tuple[Record, ...]
    problem: str = ""


def encode(record: Record) -> bytes:
    """Return the line of a record, with its checksum and a line end.

    >>> encode({"state": "gone", "kind": "article", "id": 7})
    b'{"state":"gone","kind":"article","id":7,"crc32":"3a99d0e4"}\\n'
    """
    # half a surrogate pair, from a path that is not UTF-8, cannot be encoded; "backslashreplace" writes its JSON escape
    body = _as_json(record)[:-1].encode("utf-8", "backslashreplace")
    return b'%b,"crc32":"%08x"}\n' % (body, zlib.crc32(body))


def decode(line: bytes, *, is_old: bool = False) -> Record:
    """Return the record of a line, without its checksum. is_old: the log is from version 1.1 or older and has no checksums.

    Raises DamagedLine with the reason.
    """
    record, has_checksum = _object(line, is_old)
    if b"\\u" in line:
        record = {key: _HALF.sub("\ufffd", value) if isinstance(value, str) else value for key, value in record.items()}
    logline.check(record, is_old=not has_checksum)
    return record


def unchecked(line: bytes) -> Record:
    """Return what `encode` was given, if the checksum of the line is right. Raises DamagedLine with the reason."""
    return _object(line, is_old=False)[0]


def _object(line: bytes, is_old: bool) -> tuple[Record, bool]:
    """Return the JSON object of a line, and whether it had a checksum. Raises DamagedLine."""
    text = line.removesuffix(b"\n")
    checksum = _CHECKSUM.fullmatch(text[-_LENGTH:])
    if checksum is None and not is_old:
        raise DamagedLine("no checksum")
    if checksum and int(checksum[1], 16) != zlib.crc32(text[:-_LENGTH]):
        raise DamagedLine("wrong checksum")
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedLine("not JSON") from error
    if not isinstance(record, dict):
        raise DamagedLine("not a JSON object")
    if checksum:
        del record["crc32"]
    return record, checksum is not None


def lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a log in order, also damaged ones. An unfinished line at the end, cut off by a crash, is left out.

    Either all lines of a log have checksums, or none (version 1.1 and older). Raises OSError.
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
    """Yield a file line by line. A line that is far too long is reduced to its start and end: damaged, but small in memory."""
    with open_file(path) as file:
        while data := file.readline(_LONGEST):
            end = data
            while len(end) == _LONGEST and not end.endswith(b"\n"):
                end = file.readline(_LONGEST)
            yield data if end is data else data[:_SHOWN] + b"\0" + end[-_SHOWN:]


def _has_checksums(path: Path) -> bool:
    """Whether any line of a log has a correct checksum."""
    for data in _pieces(path):
        with contextlib.suppress(DamagedLine):
            decode(data)
            return data.endswith(b"\n")
    return False


def _has_more_than_a_record(data: bytes) -> bool:
    """Whether data without a line end holds a whole record and more: then its line end is damaged, and it was not cut off."""
    with contextlib.suppress(ValueError, RecursionError):
        text = data.decode("utf-8", "replace")
        return json.JSONDecoder().raw_decode(text)[1] < len(text)
    return False


def _proved(data: bytes) -> Iterator[Record]:
    """Yield the records in a damaged line that have a correct checksum, for example two lines without the end between them."""
    start = 0
    for checksum in _CHECKSUM.finditer(data):
        found = data.find(b'{"', start)
        with contextlib.suppress(DamagedLine):
            yield decode(data[found : checksum.end()])
        start = checksum.end()


def shown(found: list[str]) -> str:
    """Return the first ten entries as one line, for a message."""
    return "; ".join(found[:10]) + ("; ..." if len(found) > 10 else "")


def read_log(path: Path) -> Iterator[Record]:
    """Yield the records of a log; damaged lines are left out."""
    for line in lines(path):
        yield from line.records


def run_logs(root: Path, since: str = "") -> list[Path]:
    """Return the logs of all runs in the order to read them: by start of the run, and files before states.

    since: the name of a run; earlier ones are left out.
    """
    logs = [root / layout.RUNS / name for name in tree.run_files(root, since=since) if layout.is_run_log(name)]
    return sorted(logs, key=lambda path: order_of(path.name))


def order_of(name: str) -> tuple[str, bool]:
    """Return what to sort the names of run logs by."""
    return name.split(".")[0], name.endswith(STATES_END)


def free_run_name(folder: Path, start_ms: int) -> str:
    """Return the name of a run that starts now, at least one second after the last run, even if the clock was set back.

    Logs are read in the order of their names, and the last line about a path counts.
    """
    names = (path.name.partition(".")[0] for path in folder.glob("*Z.*"))
    last_ms = times.parse_ms(max(filter(times.parse_ms, names), default=""))
    return layout.run_name(start_ms if last_ms is None else max(start_ms, last_ms + 1000))


class RunLog:
    """The two logs of a run: `{start}.jsonl`, a line for each file stored, and `{start}.states.ndjson`, a line for each
    change of state that no file shows. Both are append-only."""

    def __init__(self, folder: Path, start_ms: int) -> None:
        self.folder = folder
        self.name = free_run_name(folder, start_ms)
        self._descriptors: dict[str, int] = {}
        self.written: dict[str, int] = {}

    def append(self, end: str, records: list[Record]) -> None:
        """Append records to the log whose name has this end, and flush it. Raises OSError; then nothing was appended."""
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
        """Start a log with a later name, so that new lines about files are read after the states written so far."""
        self.close()
        self.name = free_run_name(self.folder, times.parse_ms(self.name) or 0)

    def close(self) -> None:
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()
