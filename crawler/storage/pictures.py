"""Check whether bytes are a whole picture, without decoding them. Pictures are stored as they came."""

from __future__ import annotations

from crawler import reasons
from crawler.reasons import Reason

_JPEG_END = b"\xff\xd9"
_PNG_END = b"IEND\xaeB`\x82"
_ISO_BRANDS = frozenset({b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})  # AVIF and HEIF
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # bytes of what follows the file header
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JXL, _JXL_BOX, _JPEG_2000_BOX = b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n", b"\0\0\0\x0cjP  \r\n\x87\n"
_UNKNOWN = reasons.not_a_picture("wrong first bytes")


def problem(data: bytes, *, is_complete: bool = False) -> Reason:
    """Return why data is not a whole picture (JPEG, PNG, GIF, WebP, AVIF, HEIF; BMP, TIFF, ICO, JPEG XL, JPEG 2000); empty if
    it is one.

    is_complete: whether HTTP confirms the length. Then the first bytes alone decide, because some of DW's pictures break the
    rules of their format (no end mark, zeros after the end). Otherwise the end must be there too, which catches a picture
    that was cut off. The name's ending is not compared: DW serves AVIF under `.jpg`. SVG is refused: it can hold script.
    """
    if not data:
        return reasons.EMPTY
    name, is_whole = _judged(data)
    if not name:
        return _UNKNOWN
    return reasons.NONE if is_whole or is_complete else reasons.not_a_picture(f"{name} without an end")


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
    if data[4:8] == b"ftyp" and not _ISO_BRANDS.isdisjoint(_brands(data)):
        return "an AVIF or HEIF", _iso_boxes_end(data) == len(data)
    return _judged_rare(data)


def _judged_rare(data: bytes) -> tuple[str, bool]:
    """Return the same as `_judged` for formats never seen at DW; False if only decoding could find the end."""
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "a BMP", 0 < int.from_bytes(data[2:6], "little") <= len(data)
    if data[:4] in _TIFF:
        return "a TIFF", False
    if data[:4] == b"\0\0\1\0" and int.from_bytes(data[4:6], "little") > 0 and data[9:10] == b"\0":
        return "an ICO", False
    if data.startswith((_JXL_BOX, _JPEG_2000_BOX)):
        return "a JPEG XL or JPEG 2000", _iso_boxes_end(data) == len(data)
    return ("a JPEG XL", False) if data.startswith(_JXL) else ("", False)


def _brands(data: bytes) -> list[bytes]:
    """Return the major and the compatible brands in the first box of an ISO base media file."""
    size = min(int.from_bytes(data[:4], "big"), 256)
    return [data[8:12], *(data[place : place + 4] for place in range(16, size, 4))]


def _iso_boxes_end(data: bytes) -> int:
    """Return the offset at which the top-level boxes of an ISO base media file end; -1 if a box is invalid.

    Source: ISO/IEC 14496-12, 4.2.
    """
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
