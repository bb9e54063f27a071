"""Small true picture files, made from a number: the same number and ending always give the same bytes.

Each is a whole file of its type (start mark, one tiny image, end mark) filled up to the wanted size with what the type
allows as comment. Nothing is decoded or encoded, so no picture library is needed.
"""

from __future__ import annotations

import base64
import struct
import zlib

CONTENT_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
}

_PIXEL_WEBP = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")[12:]


def picture(label: str, ending: str, size: int) -> bytes:
    """A picture file of about size bytes (never fewer than its type needs).

    label: what makes it different from others, ASCII, e.g. "71000001_303 v1".
    ending: jpg, jpeg, png, gif or webp.
    """
    line = f"invented picture {label}; ".encode("ascii")
    filling = line * (max(size, 0) // len(line) + 1)
    make = {"jpg": _jpeg, "jpeg": _jpeg, "png": _png, "gif": _gif, "webp": _webp}[ending]
    return make(filling)


def _jpeg(filling: bytes) -> bytes:
    """8 by 8 grey points, baseline. Each table holds the one code that the scan needs (ITU-T T.81, annex B)."""
    comments = b"".join(
        b"\xff\xfe" + struct.pack(">H", len(part) + 2) + part
        for part in (filling[i : i + 65000] for i in range(0, len(filling), 65000))
    )
    one_code = bytes([1] + [0] * 15) + b"\x00"
    return b"".join(
        (
            b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00",
            comments,
            b"\xff\xdb\x00\x43\x00" + b"\x01" * 64,
            b"\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00",
            b"\xff\xc4\x00\x14\x00" + one_code,
            b"\xff\xc4\x00\x14\x10" + one_code,
            b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x3f\xff\xd9",
        )
    )


def _png(filling: bytes) -> bytes:
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
            _png_chunk(b"tEXt", b"Comment\x00" + filling),
            _png_chunk(b"IDAT", zlib.compress(b"\x00\x80")),
            _png_chunk(b"IEND", b""),
        )
    )


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _gif(filling: bytes) -> bytes:
    blocks = b"".join(bytes([len(part)]) + part for part in (filling[i : i + 255] for i in range(0, len(filling), 255)))
    return b"".join(
        (
            b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x80\x80\x80\xff\xff\xff",
            b"\x21\xfe" + blocks + b"\x00",
            b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00",
            b"\x3b",
        )
    )


def _webp(filling: bytes) -> bytes:
    """Extended format, so that a chunk unknown to readers is allowed after the image."""
    filling += b" " * (len(filling) % 2)
    chunks = b"VP8X" + struct.pack("<I", 10) + b"\x10" + bytes(9) + _PIXEL_WEBP
    chunks += b"PADD" + struct.pack("<I", len(filling)) + filling
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
