"""Pack and unpack a stored reply (`.json.gz`, `.html.gz`): its original bytes, and the charset of its HTTP header.

The charset is the comment in the gzip header (RFC 1952, section 2.3), so that no copy, revision or rebuilt index can lose
it. UTF-8 is not noted, because the bytes show it.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib

from crawler.dw.decoding import codec_of

MAX_BYTES = 64 * 1024 * 1024  # of a body

_COMMENT = 0x10  # the flag; the fourth byte holds the flags
_HEAD = 10  # bytes before the comment
_NOTED = re.compile(rb"([A-Za-z0-9._:-]{1,40})\0")


def pack(body: bytes, charset: str = "") -> bytes:
    """Return the file of a reply. It holds no time, so the same reply gives the same bytes. charset: an ASCII label."""
    data = gzip.compress(body, 6, mtime=0)
    if not charset or codec_of(charset) == "utf-8":
        return data
    return data[:3] + bytes([data[3] | _COMMENT]) + data[4:_HEAD] + charset.encode("ascii") + b"\0" + data[_HEAD:]


def unpack(data: bytes) -> tuple[bytes, str]:
    """Return (body, charset) of a reply file; charset is '' if none is noted.

    Raises OSError if the file is damaged or the body larger than MAX_BYTES.
    """
    if not data:  # Python's gzip takes it for a whole file
        raise OSError("damaged gzip: it is empty")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            body = file.read(MAX_BYTES + 1)
    except (EOFError, zlib.error) as error:
        raise OSError(f"damaged gzip: {error}") from error
    if len(body) > MAX_BYTES:
        raise OSError(f"larger than {MAX_BYTES:,} bytes")
    noted = _NOTED.match(data, _HEAD) if data[3:4] == bytes([_COMMENT]) else None
    return body, noted[1].decode("ascii") if noted else ""
