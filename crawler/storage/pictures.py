"""Whether bytes are a picture, and a whole one. They are looked at, never decoded: what is stored is what came."""

from __future__ import annotations

_JPEG_END = b"\xff\xd9"
_PNG_END = b"IEND\xaeB`\x82"
_ISO_BRANDS = frozenset({b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})  # AVIF and HEIF
_UNKNOWN = "not a picture: wrong first bytes"


def problem(data: bytes, *, is_complete: bool = False) -> str:
    """Return why data is not a whole picture (JPEG, PNG, GIF, WebP, AVIF, HEIF); empty if it is one.

    is_complete: whether HTTP vouches for the length. Then the first bytes decide alone: DW has pictures that break their
    format's rules (no end mark, zeros after the end), and what it serves is what is kept. Otherwise the end must be there
    too, which catches a picture that was cut off. The name's ending is not compared: DW serves AVIF under `.jpg`.
    SVG is refused, because it can hold script.
    """
    if not data:
        return "empty"
    name, is_whole = _judged(data)
    if not name:
        return _UNKNOWN
    return "" if is_whole or is_complete else f"not a picture: {name} without an end"


def _judged(data: bytes) -> tuple[str, bool]:
    """Return the format with its article, empty if unknown, and whether the data reaches the format's end."""
    if data.startswith(b"\xff\xd8\xff"):
        # cameras and editors write a trailer after the end mark
        return "a JPEG", data.rfind(_JPEG_END, len(data) // 2) >= 0
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "a PNG", _PNG_END in data[-1024:]
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "a GIF", b"\x3b" in data.rstrip(b"\0")[-16:]
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "a WebP", len(data) >= int.from_bytes(data[4:8], "little") + 8
    if data[4:8] == b"ftyp" and data[8:12] in _ISO_BRANDS:
        return "an AVIF or HEIF", _iso_boxes_end(data) == len(data)
    return "", False


def _iso_boxes_end(data: bytes) -> int:
    """Return where the top-level boxes of an ISO base media file end by their sizes. Source: ISO/IEC 14496-12, 4.2."""
    end = 0
    while end < len(data):
        size = int.from_bytes(data[end : end + 4], "big")
        if size == 1:  # the size follows in 64 bits
            size = int.from_bytes(data[end + 8 : end + 16], "big")
        if size == 0:  # the box reaches to the end of the file
            return len(data)
        if size < 8:
            return -1
        end += size
    return end
