"""Spider arguments as text, read. Each means one thing or is refused."""

from __future__ import annotations

from crawler.exceptions import ArgumentError

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})


def number(name: str, text: str) -> int:
    """A whole number. Raises ArgumentError."""
    try:
        return int(text)
    except ValueError:
        raise ArgumentError(f"{name} is not a whole number: {text!r}") from None


def switch(name: str, text: str, others: str = "") -> bool:
    """Whether something is on: 1, true, yes, on; or 0, false, no, off and nothing at all; in any case of letters.

    others: what else the argument may be, for the message. Raises ArgumentError for everything else.
    """
    word = text.strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ArgumentError(f"{name} is neither 1 nor 0{others}: {text!r}")


def dry_run(text: str) -> tuple[bool, bool]:
    """Whether a run is a dry run, and whether it speaks JSON. Raises ArgumentError."""
    if text.strip().lower() == "json":
        return True, True
    return switch("dry_run", text, " nor json"), False
