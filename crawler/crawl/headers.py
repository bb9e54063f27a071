"""The headers of a response as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.dw.decoding import charset_of

if TYPE_CHECKING:
    from scrapy.http import Response


def header(response: Response, name: str) -> str:
    """A header as it came, each byte a character; empty where there is none."""
    return (response.headers.get(name) or b"").decode("latin-1")


def charset(response: Response) -> str:
    """The charset that the Content-Type of a response names; empty where it names none."""
    return charset_of(header(response, "Content-Type"))
