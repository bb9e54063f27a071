"""Reads the headers of a response as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.dw.decoding import charset_of

if TYPE_CHECKING:
    from scrapy.http import Response


def header(response: Response, name: str) -> str:
    """Return a header unchanged, a character for each byte; empty if it is absent."""
    return (response.headers.get(name) or b"").decode("latin-1")


def charset(response: Response) -> str:
    """Return the charset that the Content-Type of a response names; empty if it names none."""
    return charset_of(header(response, "Content-Type"))
