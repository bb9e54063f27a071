"""A header of a response as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.http import Response


def header(response: Response, name: str) -> str:
    """A header as it came, each byte a character; empty where there is none."""
    return (response.headers.get(name) or b"").decode("latin-1")
