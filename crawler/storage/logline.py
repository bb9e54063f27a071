"""Define the lines of a run log: a typed record for each kind of line, and the type and range of every key.

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
class About:
    """The keys of a stored file's line, apart from its path and its bytes. The line has them in this order, without None.

    id: DW's. time: UTC, ISO 8601. language: a language path. hop: the document's distance from the seeds. origin: how a
    document, or the document of a reply, came into the archive; the line calls it `source`, as versions before 1.2 do. etag,
    last_modified: of the reply. requested: the id that was requested, if it differs. revision_of: the path of the document
    whose earlier version this is. stamp_ms, published_ms: milliseconds UTC. adopted: found after a kill. reread: made from a
    stored reply.
    """

    kind: str
    id: int
    url: str | None = None
    time: str = ""
    language: str | None = None
    hop: int | None = None
    origin: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    published_ms: int | None = None
    requested: int | None = None
    revision_of: str | None = None
    stamp_ms: int | None = None
    adopted: bool = False
    reread: bool = False

    def as_json(self) -> Record:
        """The keys of the line, in order."""
        held = {name: value for name, value in vars(self).items() if value is not None and value is not False}
        return {_KEYS.get(name, name): value for name, value in held.items()}


@dataclass(frozen=True)
class FileRecord:
    """A file was stored. path: relative to the archive. sha256: hexadecimal."""

    path: str
    sha256: str
    bytes: int
    about: About

    def to_line(self) -> Record:
        """The line."""
        return {"path": self.path, "sha256": self.sha256, "bytes": self.bytes, **self.about.as_json()}


@dataclass(frozen=True)
class StateRecord:
    """An object got a state that no file shows: it was registered, missed, recognised as an alias, or found unchanged.

    id: DW's. time: UTC, ISO 8601. rendition: of a picture or media file, '' for a document; None if the line has none; `format`
    in the line. misses, missed_ms, next_ms: see `refresh.Miss`. target: the id an alias leads to. Times are milliseconds UTC.
    """

    state: str
    kind: str
    id: int
    time: str = ""
    rendition: str | None = None
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
        """Return the line, with the keys of this state in their fixed order. None is left out if a key cannot be null."""
        values = {_KEYS.get(name, name): value for name, value in asdict(self).items()}
        return {key: values[key] for key in _keys(self) if values[key] is not None or _RULES[key](None)}


@dataclass(frozen=True)
class Removal:
    """A path is no longer part of the archive. A file found there is set aside under `damaged/`.

    found_sha256: hexadecimal sha256 of that file, None if it could not be read. is_found: whether a file was found.
    """

    path: str
    reason: str = ""
    time: str = ""
    found_sha256: str | None = None
    is_found: bool = True

    def to_line(self) -> Record:
        """Return the line. It has no `found_sha256` if no file was found."""
        line = {"state": REMOVED, "path": self.path, "reason": self.reason, "time": self.time}
        return {**line, "found_sha256": self.found_sha256} if self.is_found else line


@dataclass(frozen=True)
class ScopeChange:
    """The scope of a run differs from that of the last run; see `objects.Scope`."""

    depth: int
    kinds: tuple[str, ...]
    time: str = ""

    def to_line(self) -> Record:
        """Return the line."""
        return {"state": SCOPE, "depth": self.depth, "kinds": list(self.kinds), "time": self.time}


AnyState = StateRecord | Removal | ScopeChange
"""A record of the log of states."""


def parse(line: Record) -> FileRecord | AnyState | None:
    """Return the record of a line; None if a later version wrote it. Keys of later versions are ignored.

    line: must have passed `check`.
    """
    if "sha256" in line and "path" in line:
        return FileRecord(line["path"], line["sha256"], line["bytes"], About(**_known(About, line)))
    if line.get("state") == REMOVED:
        return Removal(**_known(Removal, line), is_found="found_sha256" in line)
    if line.get("state") == SCOPE:
        return ScopeChange(line["depth"], tuple(line["kinds"]), line.get("time", ""))
    return StateRecord(**_known(StateRecord, line)) if "state" in line else None


def _known(record: type[About | StateRecord | Removal], line: Record) -> Record:
    names = _NAMES[record]
    return {names[key]: value for key, value in line.items() if key in names}


def _keys(record: StateRecord) -> tuple[str, ...]:
    """Return the keys of a state's line, in order."""
    if record.state == PENDING:
        return (*_HEAD, "format", "url") if record.kind in ("picture", "media") else (*_HEAD, "hop", "language")
    if record.state == ALIAS:
        return (*_HEAD, "target")
    if record.state == ARCHIVED:
        return _HEAD if record.published_ms is None else (*_HEAD, "published_ms")
    if record.state == OUT_OF_SCOPE:
        return (*_HEAD, "reason", "hop", "language")
    if record.rendition is None:
        return (*_HEAD, "reason", *_MISS, "hop", "language")
    return ("state", "kind", "id", "format", "reason", *_MISS, "url", "hop", "language", "time")


_HEAD = ("state", "kind", "id", "time")
_MISS = ("misses", "missed_ms", "next_ms")
_KEYS = {"origin": "source", "rendition": "format"}  # attributes that versions before 1.2 called otherwise
_NAMES = {
    record: {_KEYS.get(field.name, field.name): field.name for field in fields(record) if field.name != "is_found"}
    for record in (About, StateRecord, Removal)
}
"""For each record, the keys of its lines, each with its attribute."""

_KINDS = frozenset({*DOCUMENT_KINDS, "picture", "media"})
_COUNTS = range(2**53)  # SQLite holds more, other readers of JSON do not
_TIMES_MS = range(-62_135_596_800_000, 253_402_300_800_000)  # the years 1 to 9999


def _is_number_in(numbers: range) -> Callable[[object], bool]:
    return lambda value: type(value) is int and value in numbers  # type(), because a bool is an int too


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_path(value: object) -> bool:
    """Whether a value is a path of the layout. Such a path is relative, has no `..`, and so stays in the archive."""
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
"""The check of each known key's value. Other keys come from later versions and are ignored."""


def check(record: Mapping[str, Any], *, is_old: bool = False) -> None:
    """Raise DamagedLine if no run can have written a record.

    is_old: a line of version 1.1, without a checksum. An unknown key in it must be a known key with a flipped bit.
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
    """Return the keys that a line must have."""
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
