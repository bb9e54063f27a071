"""Reads the text of spider arguments. Each has one meaning, or is refused."""

from __future__ import annotations

from crawler.exceptions import ArgumentError

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})


def number(name: str, text: str) -> int:
    """Return a whole number. Raises ArgumentError."""
    try:
        return int(text)
    except ValueError:
        raise ArgumentError(f"{name} is not a whole number: {text!r}") from None


def switch(name: str, text: str, others: str = "") -> bool:
    """Whether a switch is on: 1, true, yes, on; it is off for 0, false, no, off and the empty text. Case does not matter.

    others: which other values the argument has, for the message. Raises ArgumentError for any other text.
    """
    word = text.strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ArgumentError(f"{name} must be 1 or 0{others}, not {text!r}")


def dry_run(text: str) -> tuple[bool, bool]:
    """Return whether a run is a dry run, and whether it prints JSON. Raises ArgumentError."""
    if text.strip().lower() == "json":
        return True, True
    return switch("dry_run", text, " or json"), False
