"""Bring text into our canonical form: white space, headlines, names. Every function is idempotent."""

from __future__ import annotations

import html
import re
import unicodedata

_SPACE = re.compile(r"\s+")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_MANY_SIGNS = re.compile(r"([^\w\s\x00-\x7f]{100,})")  # no combining mark is a word character


def nfc(text: str) -> str:
    """Return text in Unicode NFC, except runs of 100 or more combining marks (or other signs), which stay as they are.

    Sorting a run of marks takes time proportional to the square of its length.
    """
    if not any(map(unicodedata.combining, text[::50])):
        return unicodedata.normalize("NFC", text)
    parts = _MANY_SIGNS.split(text)  # every second one is a run
    parts[::2] = (unicodedata.normalize("NFC", part) for part in parts[::2])
    return "".join(parts)


def fold(text: str) -> str:
    """Return text in Unicode NFC with single spaces for white space, and none at the ends."""
    return nfc(_SPACE.sub(" ", text).strip())


def title(text: str) -> str:
    """Return a headline as displayed: one line, in Unicode NFC, without control characters and without white space around it.

    White space inside stays, except line breaks, which become a space.
    """
    text = _CONTROLS.sub("", re.sub(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+", " ", text))
    return nfc(text.strip())


def author(*names: str) -> str:
    """Return names joined with a comma, without control characters and the `null` of a missing first name, white space folded.

    >>> author("null 李澄欣")
    '李澄欣'
    """
    cleaned = (" ".join(part for part in fold(_CONTROLS.sub("", fold(name))).split(" ") if part != "null") for name in names)
    return ", ".join(dict.fromkeys(name for name in cleaned if name))


def text_of(markup: str) -> str:
    """Return the words of markup: tags removed, entities resolved, white space folded."""
    return fold(unescape(re.sub(r"<[^<>]*>", "", markup)))


def unescape(text: str) -> str:
    """Return text with its entities resolved. One with more digits than Python reads becomes U+FFFD.

    >>> unescape("&#65;&#" + "9" * 5000 + ";")
    'A\ufffd'
    """
    try:
        return html.unescape(text)
    except ValueError:
        return html.unescape(re.sub(r"&#[0-9]{1000,};?", "\ufffd", text))
