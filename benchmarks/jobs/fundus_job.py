"""fundus over a DW of our own: `fundus_job.py BASE ARTICLES TO`. Its own parser for DW, its own sitemap source, no delay."""

# mypy: disable-error-code="import-not-found,metaclass"

from __future__ import annotations

import sys

from fundus import Crawler
from fundus.publishers.base_objects import Publisher, PublisherGroup
from fundus.publishers.de.dw import DWParser
from fundus.scraping.url import Sitemap


def main(base: str, articles: str, to: str) -> None:
    languages = ("en", "de", "zh", "es")
    sources = [Sitemap(f"{base}/{language}/article-sitemap.xml", languages={language}) for language in languages]

    class Local(metaclass=PublisherGroup):
        default_language = "de"
        DW = Publisher("Local", f"{base}/", DWParser, sources=sources)

    crawler = Crawler(Local.DW, delay=0.0)
    count = sum(1 for _ in crawler.crawl(max_articles=int(articles), save_to_file=to))
    print(count, "articles")


if __name__ == "__main__":
    main(*sys.argv[1:])
