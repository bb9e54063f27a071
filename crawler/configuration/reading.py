"""Read settings in the way of Scrapy, but without Scrapy: text from `-s` and environment variables is converted by type."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Protocol

from crawler.exceptions import ArgumentError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")

class Readable(Protocol):
    """Settings that can be read: Scrapy's, or ours. The value of an unknown name is None, the number 0, the list empty."""

    def __getitem__(self, name: str, /) -> Any:
        """Return a value as it was set."""

    def getbool(self, name: str) -> bool:
        """Return a switch. Raises ValueError and TypeError."""

    def getint(self, name: str) -> int:
        """Return a whole number. Raises ValueError and TypeError."""

    def getfloat(self, name: str) -> float:
        """Return a number. Raises ValueError and TypeError."""

    def getlist(self, name: str) -> list[Any]:
        """Return a list; text is split at its commas."""

    def getdict(self, name: str) -> dict[Any, Any]:
        """Return a dictionary; text is JSON. Raises ValueError and TypeError."""

    def getdictorlist(self, name: str) -> dict[Any, Any] | list[Any]:
        """Return a dictionary or list; text is JSON, or else split at its commas. Raises ValueError."""


class Settings(dict[str, Any]):
    """Settings by name, read as Scrapy reads them. It is Readable."""

    def __missing__(self, name: str) -> None:
        return None

    def _given(self, name: str, default: Any) -> Any:
        return default if self[name] is None else self[name]

    def getbool(self, name: str) -> bool:
        value = self._given(name, False)
        return value in ("True", "true") if value in ("True", "true", "False", "false") else bool(int(value))

    def getint(self, name: str) -> int:
        return int(self._given(name, 0))

    def getfloat(self, name: str) -> float:
        return float(self._given(name, 0.0))

    def getlist(self, name: str) -> list[Any]:
        value = self[name] or []
        return value.split(",") if isinstance(value, str) else list(value)

    def getdict(self, name: str) -> dict[Any, Any]:
        value = self._given(name, {})
        return dict(json.loads(value) if isinstance(value, str) else value)

    def getdictorlist(self, name: str) -> dict[Any, Any] | list[Any]:
        value = self._given(name, {})
        if isinstance(value, str):
            try:
                loaded = json.loads(value)
            except ValueError:
                loaded = None
            return loaded if isinstance(loaded, (dict, list)) else value.split(",")
        if not isinstance(value, (dict, list, tuple)):
            raise ValueError(f"{name} is no dictionary or list: {value!r}")
        return dict(value) if isinstance(value, dict) else list(value)


def archive_folder(settings: Readable) -> Path:
    """Return the folder of the archive (ARCHIVE_DIR). Raises ArgumentError if the setting is an address."""
    return folder("ARCHIVE_DIR", str(settings["ARCHIVE_DIR"]))


def folder(name: str, text: str) -> Path:
    """Return a folder of this machine. name: of what holds it, for the message. Raises ArgumentError if it is an address, of
    which a folder called `s3:` would be made. The message does not repeat the address, which may hold a password."""
    if found := _ADDRESS.match(text):
        raise ArgumentError(f"{name} is an address ({found[1].lower()}://...), but must be a folder on this machine")
    return Path(text)
