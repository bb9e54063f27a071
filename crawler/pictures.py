"""Whether bytes are a whole picture. They are looked at, never decoded: what is stored is what came."""

from __future__ import annotations

_JPEG_END = b"\xff\xd9"
_PNG_END = b"IEND\xaeB`\x82"


def problem(data: bytes) -> str:
    """Why data is not a whole picture (JPEG, PNG, GIF, WebP); empty when it is one.

    Start and end marks are judged: they catch what is no picture and what was cut off, for nothing. A JPEG's end mark may
    be followed by a trailer, as cameras and editors write it.
    """
    if not data:
        return "empty"
    if data.startswith(b"\xff\xd8\xff"):
        return "" if data.rfind(_JPEG_END, len(data) // 2) >= 0 else "not a picture: a JPEG without an end"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "" if _PNG_END in data[-1024:] else "not a picture: a PNG without an end"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "" if b"\x3b" in data[-16:] else "not a picture: a GIF without an end"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        size = int.from_bytes(data[4:8], "little") + 8
        return "" if len(data) >= size else "not a picture: a WebP without an end"
    return "not a picture: wrong first bytes"
