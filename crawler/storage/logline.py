"""The lines of a run log: a typed record for each kind, and every key with its type and range.

Pure; `runlog` reads and writes the lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from crawler import times
from crawler.exceptions import DamagedLine
from crawler.storage import layout
from crawler.storage.states import ALIAS, ARCHIVED, OUT_OF_SCOPE, PENDING, REMOVED, SCOPE, STATES
from crawler.urls import DOCUMENT_KINDS, IDS

Record = dict[str, Any]
"""A line of a run log as a JSON object; see FileRecord, StateRecord, Removal and ScopeChange for its keys."""


@dataclass(frozen=True)
class FileRecord:
    """A file was stored. Keys a line lacks have the defaults.

    path: relative to the archive. sha256: hexadecimal. id: DW's. time: UTC, ISO 8601. stamp_ms, published_ms: milliseconds
    UTC. source: the origin of a document, or the place a reply came from. requested: the id that was asked for, if another.
    revision_of: the path of the document this is an earlier version of. adopted: found after a kill. reread: made of a
    stored reply.
    """

    path: str
    sha256: str
    bytes: int
    kind: str
    id: int
    url: str | None = None
    time: str = ""
    stamp_ms: int | None = None
    published_ms: int | None = None
    language: str | None = None
    hop: int = 0
    source: str | None = None
    etag: str = ""
    last_modified: str = ""
    requested: int | None = None
    revision_of: str | None = None
    adopted: bool = False
    reread: bool = False


@dataclass(frozen=True)
class StateRecord:
    """An object got a state that no file shows: it was registered, missed, found to be an alias, or is as it was.

    id: DW's. time: UTC, ISO 8601. format: of a picture or media file, '' for a document; None if the line has none.
    misses, missed_ms, next_ms: see `refresh.Miss`. target: the id an alias leads to. Times are milliseconds UTC.
    """

    state: str
    kind: str
    id: int
    time: str = ""
    format: str | None = None
    reason: str | None = None
    misses: int | None = None
    missed_ms: int | None = None
    next_ms: int | None = None
    url: str | None = None
    hop: int | None = None
    language: str | None = None
    published_ms: int | None = None
    target: int | None = None

    def to_line(self) -> Record:
        """The line, with the keys of this state in their fixed order. None is left out where a key cannot be null."""
        values = asdict(self)
        return {key: values[key] for key in _keys(self) if values[key] is not None or _RULES[key](None)}


@dataclass(frozen=True)
class Removal:
    """A path is no longer part of the archive. A file found there is set aside under `damaged/`.

    found_sha256: hexadecimal sha256 of that file, None if it could not be read. is_found: whether there is one.
    """

    path: str
    reason: str = ""
    time: str = ""
    found_sha256: str | None = None
    is_found: bool = True

    def to_line(self) -> Record:
        """The line. Without a file there is no `found_sha256`."""
        line = {"state": REMOVED, "path": self.path, "reason": self.reason, "time": self.time}
        return {**line, "found_sha256": self.found_sha256} if self.is_found else line


@dataclass(frozen=True)
class ScopeChange:
    """A run wants other documents than the last one; see `objects.Scope`."""

    depth: int
    kinds: tuple[str, ...]
    time: str = ""

    def to_line(self) -> Record:
        """The line."""
        return {"state": SCOPE, "depth": self.depth, "kinds": list(self.kinds), "time": self.time}


AnyState = StateRecord | Removal | ScopeChange
"""What the log of states holds."""


def parse(line: Record) -> FileRecord | AnyState | None:
    """The record that a line holds, None if it is of a later version. Keys of later versions are ignored.

    line: as `check` lets it pass.
    """
    if "sha256" in line and "path" in line:
        return FileRecord(**_known(FileRecord, line))
    if line.get("state") == REMOVED:
        return Removal(**_known(Removal, line), is_found="found_sha256" in line)
    if line.get("state") == SCOPE:
        return ScopeChange(line["depth"], tuple(line["kinds"]), line.get("time", ""))
    return StateRecord(**_known(StateRecord, line)) if "state" in line else None


def _known(record: type[FileRecord | StateRecord | Removal], line: Record) -> Record:
    names = _NAMES[record]
    return {key: value for key, value in line.items() if key in names}


def _keys(record: StateRecord) -> tuple[str, ...]:
    """The keys of a state's line, in order."""
    if record.state == PENDING:
        return (*_HEAD, "format", "url") if record.kind in ("picture", "media") else (*_HEAD, "hop", "language")
    if record.state == ALIAS:
        return (*_HEAD, "target")
    if record.state == ARCHIVED:
        return _HEAD if record.published_ms is None else (*_HEAD, "published_ms")
    if record.state == OUT_OF_SCOPE:
        return (*_HEAD, "reason", "hop", "language")
    if record.format is None:
        return (*_HEAD, "reason", *_MISS, "hop", "language")
    return ("state", "kind", "id", "format", "reason", *_MISS, "url", "hop", "language", "time")


_HEAD = ("state", "kind", "id", "time")
_MISS = ("misses", "missed_ms", "next_ms")
_NAMES: dict[type, frozenset[str]] = {
    record: frozenset(field.name for field in fields(record)) - {"is_found"} for record in (FileRecord, StateRecord, Removal)
}

_KINDS = frozenset({*DOCUMENT_KINDS, "picture", "media"})
_COUNTS = range(2**53)  # SQLite holds more, other readers of JSON do not
_TIMES_MS = range(-62_135_596_800_000, 253_402_300_800_000)  # the years 1 to 9999


def _is_number_in(numbers: range) -> Callable[[object], bool]:
    return lambda value: type(value) is int and value in numbers  # a bool is no number


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_path(value: object) -> bool:
    """Whether a value is a path of the layout, which leads nowhere else: never absolute, never with `..`."""
    return isinstance(value, str) and value.isascii() and layout.id_of(value) is not None


def _is_match(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _or_none(is_right: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or is_right(value)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


_RULES: dict[str, Callable[[object], bool]] = {
    "path": _is_path,
    "sha256": _is_match("[0-9a-f]{64}"),
    "found_sha256": _or_none(_is_match("[0-9a-f]{64}")),
    "bytes": _is_number_in(_COUNTS),
    "kind": lambda value: value in _KINDS if isinstance(value, str) else False,
    "id": _is_number_in(IDS),
    "url": _or_none(_is_text),
    "time": lambda value: value == "" or (isinstance(value, str) and times.parse_ms(value) is not None),
    "stamp_ms": _or_none(_is_number_in(_TIMES_MS)),
    "published_ms": _or_none(_is_number_in(_TIMES_MS)),
    "language": _or_none(_is_text),
    "hop": _is_number_in(_COUNTS),
    "source": _is_text,
    "etag": _is_text,
    "last_modified": _is_text,
    "requested": _is_number_in(IDS),
    "revision_of": _or_none(_is_path),
    "adopted": _is_bool,
    "reread": _is_bool,
    "state": lambda value: value in (*STATES, REMOVED, SCOPE) if isinstance(value, str) else False,
    "format": _is_match(r"[0-9A-Za-z]{0,12}(?:\.[a-z]{3,4})?"),
    "reason": _is_text,
    "misses": _is_number_in(_COUNTS),
    "missed_ms": _or_none(_is_number_in(_TIMES_MS)),
    "next_ms": _or_none(_is_number_in(_TIMES_MS)),
    "target": _is_number_in(IDS),
    "depth": _is_number_in(range(-(2**53), 2**53)),
    "kinds": lambda value: isinstance(value, list) and all(kind in DOCUMENT_KINDS for kind in value),
}
"""Of each key version 1.1 wrote: whether a value is right. A key that is not here is a later version's, and says nothing."""


def check(record: Mapping[str, Any], *, is_old: bool = False) -> None:
    """Raise DamagedLine where a record says what no run could have written.

    is_old: without a checksum, as version 1.1 wrote it. Such a line has no unknown keys: one is a known key with a flipped bit.
    """
    for key, value in record.items():
        is_right = _RULES.get(key)
        if is_right is None and is_old:
            raise DamagedLine(f"unknown key {key[:40]!r}")
        if is_right and not is_right(value):
            raise DamagedLine(f"{key} cannot be {repr(value)[:60]}")
    for key in _needed(record):
        if key not in record:
            raise DamagedLine(f"{key} is missing")
    path, dw_id = record.get("path"), record.get("id")
    if path is not None and dw_id is not None and layout.id_of(path) != dw_id:
        raise DamagedLine(f"id {dw_id} is not that of {path}")
    if record.get("state") == ALIAS and record["target"] == dw_id:
        raise DamagedLine(f"{dw_id} cannot be an alias of itself")
    if path is not None and layout.is_document(path) and record.get("kind", "article") not in DOCUMENT_KINDS:
        raise DamagedLine(f"{path} cannot be a {record['kind']}")


def _needed(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys without which a line says nothing."""
    state = record.get("state")
    if state is None or "sha256" in record:
        return ("path", "sha256", "bytes", "kind", "id")
    if state == REMOVED:
        return ("path",)
    if state == SCOPE:
        return ("depth", "kinds")
    if state == ALIAS:
        return ("kind", "id", "target")
    if state == PENDING and record.get("kind") in ("picture", "media"):
        return ("kind", "id", "format" if record["kind"] == "picture" else "id", "url")
    return ("kind", "id")
