"""`python -m tests.dwsite`: start the stand-in and print its addresses."""

from __future__ import annotations

import argparse
import asyncio

from tests.dwsite.server import serve
from tests.dwsite.state import Options, State


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.dwsite", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (default): a free one")
    parser.add_argument("--articles", type=int, default=0, help="generated articles, numbered from 80000001")
    parser.add_argument("--pictures-per-article", type=int, default=3, help="of each generated article")
    parser.add_argument("--references", type=int, default=0, help="from each generated article to others")
    parser.add_argument("--media", type=int, default=0, help="generated videos, audios and galleries, from 90000001")
    parser.add_argument("--picture-bytes", type=int, default=3000, help="about the size of a picture file")
    parser.add_argument("--no-delay", action="store_true", help="delays asked for by faults are left out")
    parser.add_argument("--scrapy-settings", action="store_true", help="print options for scrapy instead of JSON")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input ends")
    given = parser.parse_args()
    options = Options(
        articles=given.articles,
        pictures_per_article=given.pictures_per_article,
        references=given.references,
        media=given.media,
        picture_bytes=given.picture_bytes,
        delays=not given.no_delay,
    )
    asyncio.run(serve(State(options), given.port, scrapy_settings=given.scrapy_settings, until_eof=given.until_eof))


if __name__ == "__main__":
    main()
