"""Decode replies: bytes to text, and JSON to values, however broken.

All text returned here can be written to a file: it holds no half of a surrogate pair, neither raw nor as a reference.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Sequence
from typing import Any

from w3lib.encoding import html_body_declared_encoding, resolve_encoding

_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF32_LE: "utf-32-le", codecs.BOM_UTF32_BE: "utf-32-be",
         codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}  # fmt: skip
# Without a byte order mark, markup and JSON begin with two ASCII characters.
_ZEROS = {b"\1\0\1\0": "utf-16-le", b"\0\1\0\1": "utf-16-be", b"\1\0\0\0": "utf-32-le", b"\0\0\0\1": "utf-32-be"}
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
# Encodings that a label may claim: ASCII characters have the same bytes in all of them.
_BELIEVED = re.compile(
    r"utf-8|iso8859-\d+|cp(?:125\d|866|874|932|949)|koi8-[ru]|mac-(?:roman|cyrillic)|gb18030|big5\w*|euc_\w+"
)
_SOUND_SHARE = 4  # good characters for each broken one, before bytes count as text in an encoding


def charset_of(content_type: str) -> str:
    """Return the charset that a Content-Type header names, as a label; empty if it names none."""
    found = _CHARSET.search(content_type)
    return found[1] if found else ""


def codec_of(label: str) -> str:
    """Return Python's codec for a WHATWG encoding label; empty for unknown labels, and for encodings that no page uses."""
    for name in (label, re.sub(r"^x-", "", label.lower())):
        try:
            codec = resolve_encoding(name) or ""
        except ValueError:  # a label with a NUL in it
            continue
        if _BELIEVED.fullmatch(codec):
            return codec
    return ""


def encoding_of(data: bytes, *labels: str) -> str:
    """Return the codec that decodes some bytes; empty if none of those claimed does.

    data: a text, or its beginning. labels: claims, the most trusted first: the HTTP header, then the text itself.
    A byte order mark decides; then the zeros of UTF-16 and UTF-32. Bytes that are valid UTF-8 are UTF-8, whatever the labels
    say: other encodings hardly ever are by chance. Then the first label that fits. A few broken characters are accepted.
    """
    for mark, codec in _BOMS.items():
        if data.startswith(mark):
            return codec
    zeros = bytes(map(bool, data[:4]))
    if zeros in _ZEROS:
        return _ZEROS[zeros]
    if data.isascii():
        return "utf-8"
    return next((codec for codec in ("utf-8", *map(codec_of, labels)) if codec and _fits(data, codec)), "")


def _fits(data: bytes, codec: str) -> bool:
    """Whether bytes are text in an encoding; the last character may be cut in two."""
    text = codecs.getincrementaldecoder(codec)(BROKEN).decode(data)
    broken = text.count("\ufffd")
    return not broken or (_SOUND_SHARE + 1) * broken <= len(text) - len(text.encode("ascii", "ignore"))


def decode(data: bytes, *labels: str) -> str:
    """Return the text of a reply, decoded as `encoding_of` says, else as UTF-8; U+FFFD for each broken character."""
    return sound(_raw(data, labels))


def _raw(data: bytes, labels: Sequence[str]) -> str:
    return data.decode(encoding_of(data, *labels) or "utf-8", BROKEN).lstrip("\ufeff")


def page(data: bytes, charset: str = "") -> str:
    """Return the text of a web page. charset: that of the HTTP header; it takes precedence over the page's own."""
    return decode(data, charset, html_body_declared_encoding(data) or "")


# --- text that a file can hold ---

BROKEN = "replace, but keep surrogates"
"""Name of the error handler for decoding. Surrogates stay (CESU-8 writes an emoji as two of them) and `sound` joins them;
everything else that is broken becomes U+FFFD."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{4,})|([0-9]{5,}));?")
_LAST_CHARACTER = 0x10FFFF


def sound(text: str) -> str:
    """Return text without surrogates: a pair becomes its character, a half U+FFFD.

    The same holds for numeric references (`&#xD83D;&#xDE00;`); those beyond Unicode become U+FFFD too. Everything else stays.
    """
    if "&#" in text:
        text = _REFERENCE.sub(_character, text)
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _character(reference: re.Match[str]) -> str:
    digits = (reference[1] or reference[2]).lstrip("0")[:8]  # eight are beyond Unicode in either base
    number = int(digits or "0", 16 if reference[1] else 10)
    if 0xD800 <= number <= 0xDFFF:
        return chr(number)
    return reference[0] if number <= _LAST_CHARACTER else "\ufffd"


def _broken(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    if error.encoding == "utf-8" and error.object[error.start] == 0xED:
        three = error.object[error.start : error.start + 3]
        try:
            return three.decode("utf-8", "surrogatepass"), error.start + 3
        except UnicodeDecodeError:
            pass
    return "\ufffd", error.end


codecs.register_error(BROKEN, _broken)


# --- JSON ---


def json_reply(body: bytes, charset: str = "") -> object:
    """Return the value of a JSON reply; see `json_at`. charset: that of the HTTP header.

    Raises ValueError if it is not JSON, or nested too deep.
    """
    text = _raw(body, [charset]).strip(" \t\r\n\0\ufeff")
    value, end = json_at(text)
    if end != len(text):
        raise ValueError(f"more than one value: {text[end : end + 20]!r}")
    return value


def json_at(text: str, start: int = 0) -> tuple[Any, int]:
    """Return the JSON value that begins at a position of a text, and the position of its end.

    Strings and keys can be written to a file: they are `sound` and hold no NUL. Control characters in strings are accepted.
    NaN, Infinity and integers of 19 digits or more become None. Of two equal keys the last one counts.
    Raises ValueError if there is no value, or it is nested too deep.
    """
    try:
        value, end = _JSON.raw_decode(text, start)
        return _sound_value(value), end
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _sound_value(value: Any) -> Any:
    if isinstance(value, str):
        return sound(value.replace("\0", ""))
    if isinstance(value, list):
        return [_sound_value(part) for part in value]
    if isinstance(value, dict):
        return {_sound_value(key): _sound_value(part) for key, part in value.items()}
    return value


_JSON = json.JSONDecoder(
    strict=False,
    parse_int=lambda digits: int(digits) if len(digits) < 19 else None,
    parse_constant=lambda name: None,
)
