"""Tell how this process was called, for messages: `dw-archiver` or `scrapy`. Not every user has `scrapy` on the path."""

from __future__ import annotations

import sys
from pathlib import Path

PROGRAM = "dw-archiver"


def program() -> str:
    """Return how this process was called."""
    return PROGRAM if Path(sys.argv[0]).name == PROGRAM else "scrapy"


def crawling() -> str:
    """Return how a person starts a crawl."""
    return f"{PROGRAM} crawl" if program() == PROGRAM else "scrapy crawl dw"
