"""Recognising whole pictures. The pictures are made by hand in this file."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.storage import pictures


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(200) + b"\xff\xd9"
PNG = (
    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\x00\x00")) + chunk(b"IEND", b"")
)  # fmt: skip
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
WEBP = b"RIFF" + struct.pack("<I", 32) + b"WEBPVP8 " + bytes(24)
AVIF = b"\x00\x00\x00\x14ftypavif\x00\x00\x00\x00avif" + b"\x00\x00\x00\x30mdat" + bytes(40)
AVIF_AMONG_OTHERS = b"\x00\x00\x00\x18ftypmiaf\x00\x00\x00\x00miafavif" + AVIF[20:]
BMP = b"BM" + struct.pack("<IIII", 58, 0, 54, 40) + bytes(40)
JXL_BOX = b"\x00\x00\x00\x0cJXL \r\n\x87\n\x00\x00\x00\x14ftypjxl " + bytes(8)
JPEG_2000 = b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 " + bytes(8)
WHOLE = {
    "jpeg": JPEG, "png": PNG, "gif": GIF, "webp": WEBP, "avif": AVIF, "avif among others": AVIF_AMONG_OTHERS, "bmp": BMP,
    "jpeg xl": JXL_BOX, "jpeg 2000": JPEG_2000,
}  # fmt: skip


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_whole_picture_has_no_problem(data: bytes) -> None:
    assert pictures.problem(data) == ""


@pytest.mark.parametrize(
    "data", [JPEG + b"camera trailer", GIF.replace(b"89a", b"87a"), GIF + bytes(100), PNG + b"\n", WEBP + b"\x00"]
)
def test_trailer_after_a_picture_is_accepted(data: bytes) -> None:
    assert pictures.problem(data) == ""


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("part", [0.25, 0.5, 0.9])
def test_picture_cut_anywhere_is_not_whole(data: bytes, part: float) -> None:
    assert pictures.problem(data[: int(len(data) * part)]).startswith("not a picture")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html></html>", "not a picture: wrong first bytes"),
        (b'{"error": 404}', "not a picture: wrong first bytes"),
        (b"\x00" * 500, "not a picture: wrong first bytes"),
        (b"BM" + bytes(50), "not a picture: wrong first bytes"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture: wrong first bytes"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "not a picture: wrong first bytes"),
        (b"\xff\xd8\xff", "not a picture: a JPEG without an end"),
        (b"\x89PNG\r\n\x1a\n", "not a picture: a PNG without an end"),
        (b"GIF89a", "not a picture: a GIF without an end"),
        (b"RIFF\xff\xff\x00\x00WEBP", "not a picture: a WebP without an end"),
    ],
)
def test_problem_is_named(data: bytes, problem: str) -> None:
    assert pictures.problem(data) == problem


ENDLESS = [b"II*\0\x08\0\0\0" + bytes(20), b"MM\0*\0\0\0\x08", b"\0\0\1\0\1\0\x10\x10\0\0" + bytes(12), b"\xff\x0a" + bytes(9)]
"""TIFF, TIFF, ICO and JPEG XL, whose end no first look can tell."""


@pytest.mark.parametrize("data", [JPEG[:-2], GIF[:-1], PNG[:-12], WEBP[:-4], AVIF[:-4], BMP[:-1], JXL_BOX[:-1], *ENDLESS])
def test_picture_without_its_end_is_whole_only_if_http_confirms_its_length(data: bytes) -> None:
    assert "without an end" in pictures.problem(data)
    assert pictures.problem(data, is_complete=True) == ""


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<html></html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x00\x00\x00\x14ftypmp42" + bytes(9),
        b"BMW presents a new car, as our error page says", b"\0\0\1\0", b"\0\0\1\xba" + bytes(30), b"%PDF-1.7", b"MM", b"II*",
        b"\x00\x00\x01\x00ftypmp42isom" + bytes(300) + b"avif",
    ],
)  # fmt: skip
def test_length_does_not_make_other_bytes_a_picture(data: bytes) -> None:
    assert pictures.problem(data, is_complete=True)


def test_last_box_of_an_avif_may_reach_to_the_end_and_sizes_may_have_64_bits() -> None:
    start = AVIF[:20]
    assert pictures.problem(start + bytes(4) + b"mdat" + bytes(90)) == ""
    assert pictures.problem(start + b"\x00\x00\x00\x01mdat" + (24).to_bytes(8, "big") + bytes(8)) == ""
    assert pictures.problem(start + b"\x00\x00\x00\x02mdat")


STARTS = [
    b"", b"BM", b"II*\0", b"\0\0\1\0", b"\xff\x0a", b"\x00\x00\x01\x00ftyp", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n",
    b"GIF89a", b"RIFF\x08\x00\x00\x00WEBP", b"\x00\x00\x00\x14ftypavif",
]  # fmt: skip


@given(st.binary(max_size=60), st.sampled_from(STARTS))
def test_any_bytes_are_judged(rest: bytes, start: bytes) -> None:
    assert isinstance(pictures.problem(start + rest), str)
