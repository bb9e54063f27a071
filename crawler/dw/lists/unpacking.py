"""Read a feed or sitemap in pieces; damaged gzip is unpacked up to the damage."""

from __future__ import annotations

import contextlib
import io
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

MAX_BYTES = 100_000_000
"""Twice what sitemaps.org allows an unpacked sitemap to have."""

_CHUNK = 65_536
_PACKED = 512  # unpacks to half a megabyte at most
MAGIC = b"\x1f\x8b"
"""The first bytes of gzip."""


def chunks(body: bytes | BinaryIO, max_bytes: int, damage: Callable[[str], None]) -> Iterator[bytes]:
    """Yield a document in pieces of at most half a megabyte.

    body: plain or gzip, whatever its name says; as bytes or as a seekable binary file at its start. max_bytes: how much is
    given of it, unpacked. damage: called with a sentence that says why the rest could not be read.
    """
    stream: BinaryIO = io.BytesIO(body) if isinstance(body, bytes) else body
    is_gzip = stream.read(2) == MAGIC
    stream.seek(0)
    left = max_bytes
    for chunk in _unpacked(stream, damage) if is_gzip else iter(lambda: stream.read(_CHUNK), b""):
        yield chunk[:left]
        left -= len(chunk)
        if left < 0:
            damage(f"more than {max_bytes} bytes: the rest was not read")
            return


def _unpacked(stream: BinaryIO, damage: Callable[[str], None]) -> Iterator[bytes]:
    """Yield every byte before the damage. The module `gzip` would lose the 128 KiB before it."""
    unpacker, packed = None, b""
    while packed or (packed := stream.read(_PACKED)):
        if unpacker is None:
            packed = packed.lstrip(b"\0")  # members may be followed by zeros
            if not packed:
                continue
            unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        before = unpacker.copy()
        try:
            chunk = unpacker.decompress(packed)
        except zlib.error as error:
            yield _until_error(before, packed)
            damage(f"damaged gzip: {error}")
            return
        if chunk:
            yield chunk
        packed = unpacker.unused_data
        unpacker = None if unpacker.eof else unpacker
    if unpacker:
        damage("damaged gzip: its end is missing")


def _until_error(unpacker: zlib._Decompress, packed: bytes) -> bytes:
    """Return the unpacked form of the bytes before the first faulty one."""
    unpacked = b""
    with contextlib.suppress(zlib.error):
        for byte in packed:
            unpacked += unpacker.decompress(bytes([byte]))
    return unpacked
