"""Read settings from `dw.toml` in the working folder, then from the environment. Later sources win."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crawler.configuration import names, scrapydefaults
from crawler.exceptions import ArgumentError

FILE = "dw.toml"
PREFIX = "DW_ARCHIVER_"
PATHS = ("ARCHIVE_DIR", "SITE_DIR", "LOG_FILE")
"""Settings that are paths. A relative one is relative to the working folder; in the environment and `-s`, to the current
folder."""
SEEDS = "ARCHIVE_SEEDS"

_MARKS = (FILE, "scrapy.cfg")
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def working_folder(start: Path) -> Path | None:
    """Return the closest folder, from start upward, with a `dw.toml` or `scrapy.cfg`; None if there is none."""
    for folder in (start, *start.parents):
        if any((folder / mark).is_file() for mark in _MARKS):
            return folder
    return None


def of_process(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that replace defaults in this process. An error ends the process, with one line."""
    try:
        return settings(defaults, current_folder(), os.environ)
    except ArgumentError as error:
        sys.exit(f"dw-archiver: {error}")


def current_folder() -> Path:
    """Return the current folder, absolute. Raises ArgumentError if it has been removed."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise ArgumentError("the current folder has been removed") from error


def settings(defaults: Mapping[str, Any], start: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that replace defaults.

    defaults: this project's settings, by name. start: the current folder, absolute. environ: the environment.
    Raises ArgumentError, whose message names the file or variable at fault.
    """
    folder = working_folder(start)
    found: dict[str, Any] = {}
    if folder and (folder / FILE).is_file():
        found = from_file(folder / FILE, defaults)
    if folder and folder != start:
        found |= _moved({**defaults, **found}, folder)
    return found | from_environment(environ, defaults)


def from_file(path: Path, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a `dw.toml`. Raises ArgumentError."""
    import tomllib  # imported late, because many folders have no such file

    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise ArgumentError(f"{path}: {error}") from error
    types = _defaults(found, defaults)
    names.check(found, defaults, str(path), types)
    for name, value in found.items():
        if not name.isupper():
            meant = names.did_you_mean([name.upper()] if name.upper() in defaults else [])
            raise ArgumentError(f"{path}: {name} is not a setting; names of settings are in capital letters{meant}")
        if not _fits(value, types.get(name)):
            raise ArgumentError(f"{path}: {name} is not {_word(types[name])}: {value!r}")
    return found


def from_environment(environ: Mapping[str, str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of variables like `DW_ARCHIVER_ARCHIVE_DIR`. Raises ArgumentError."""
    found = {name.removeprefix(PREFIX): text for name, text in environ.items() if name.startswith(PREFIX)}
    types = _defaults(found, defaults)
    for name in found:
        names.check([name], defaults, PREFIX + name, types)
        if name not in types:
            raise ArgumentError(f"{PREFIX}{name}: there is no setting {name}{names.closest(name, types)}")
    return {name: parsed(PREFIX + name, text, types[name]) for name, text in found.items()}


def _defaults(found: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults to compare settings with: Scrapy's too, if there is a name that is not ours."""
    return dict(defaults) if found.keys() <= defaults.keys() else {**scrapydefaults.read(), **defaults}


def _moved(given: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return the relative paths, made absolute. Seeds are only changed if they name an existing file or folder."""
    paths = {name: str(given.get(name) or "") for name in PATHS}
    found = {name: os.path.join(folder, path) for name, path in paths.items() if path and "://" not in path}
    seeds = os.path.join(folder, given.get(SEEDS) or "")
    return found | ({SEEDS: seeds} if os.path.exists(seeds) else {})


def recorded(path: str) -> str:
    """Return a path as the working folder's `dw.toml` would name it, wherever below the folder this process was started."""
    folder = working_folder(current_folder())
    return path.removeprefix(f"{folder}{os.sep}") if folder else path


def from_options(given: Mapping[str, str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of `-s NAME=value`. Those that are not ours stay text. Raises ArgumentError."""
    names.check(given, defaults, "-s")
    return {name: parsed(name, text, defaults.get(name)) for name, text in given.items()}


def _fits(value: object, default: object) -> bool:
    """Whether a value is of the type of a default; any number will do for a number."""
    if default is None:
        return True
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, (int, float)):
        return isinstance(value, (int, float)) and math.isfinite(value)
    return isinstance(value, list if isinstance(default, tuple) else type(default))


def parsed(where: str, text: str, default: object) -> Any:
    """Return the value that a text stands for, of the type of a default. Raises ArgumentError, which names its origin."""
    try:
        if isinstance(default, bool):
            return _switch(text)
        if isinstance(default, (int, float)):
            return _number(text)
        if isinstance(default, (dict, list, tuple)):
            return _structure(text, dict if isinstance(default, dict) else list)
    except ValueError as error:
        raise ArgumentError(f"{where} is not {_word(default)}: {text!r}") from error
    return text


def _word(default: object) -> str:
    """Return the type of a default, for a message."""
    words = {bool: "a switch (true or false)", int: "a number", float: "a number", str: "text", dict: "a table"}
    return words.get(type(default), "a list")


def _switch(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(text)
    return word in _TRUE


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        number = float(text)
        if not math.isfinite(number):
            raise
        return number


def _structure(text: str, kind: type) -> Any:
    """Return JSON of a kind; a list may also be words separated by commas."""
    if kind is list and not text.lstrip().startswith(("[", "{")):
        return [word.strip() for word in text.split(",") if word.strip()]
    found = json.loads(text)
    if not isinstance(found, (kind, dict)):
        raise ValueError(text)
    return found
