"""`make shown`: print the results of sample crawls: finding documents, falling back to pages, hostile lists, recorded pages."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from pathlib import Path

from crawler.dw import pages
from crawler.dw.article import Paragraph, Picture, Video
from tests.crawl import test_fallback as fallback
from tests.crawl import test_lists as discovery
from tests.crawl import test_lists_more as lists
from tests.crawling import Outcome, crawl, fresh_site
from tests.dw.test_pages import RECORDED, RECORDED_APOLLO, RECORDED_CLASSIC, recorded

SITEMAP = "https://www.dw.com/zh/article-sitemap.xml"


def told(outcome: Outcome) -> str:
    """Return a run in one line: its result and its requests."""
    report = outcome.report
    names = ("documents", "pictures", "listings", "documents_missing", "pictures_missing")
    counts = "; ".join(f"{name} {', '.join(f'{key} {n}' for key, n in report[name].items())}" for name in names if report[name])
    return f"status {outcome.status}; {len(outcome.requests)} requests; {counts}"


def find(folder: Path) -> None:
    """Crawl an edition, a search window and a large sitemap."""
    site = fresh_site()
    print(f"edition:zh, first run:  {told(crawl(folder / 'edition', 'edition:zh', site=site))}")
    print(f"edition:zh, second run: {told(crawl(folder / 'edition', 'edition:zh', site=site))}")
    site = fresh_site()
    site.options(articles=400, pictures_per_article=0)
    print(*crawl(folder / "window", lists.WINDOW, site=site).report["windows"])
    site = fresh_site()
    small = discovery.peak_mb(folder / "small", SITEMAP, site)
    site.options(sitemap_entries=50_000)
    large = discovery.peak_mb(folder / "large", SITEMAP, site)
    print(f"a sitemap of 50,000 entries: peak {large:.0f} MB, of {len(discovery.CHINESE)} entries {small:.0f} MB")


def fall_back(folder: Path) -> None:
    """Crawl with the API down from the start, and from the middle on."""
    whole = crawl(folder / "api", "edition:zh", site=fresh_site())
    for name, after in (("start", 0), ("middle", 4)):
        site = fresh_site()
        site.down("api", after=after)
        outcome = crawl(folder / name, "edition:zh", site=site, settings=fallback.NO_RETRY)
        is_same = set(outcome.documents) == set(whole.documents)
        origins = dict(Counter(fallback.origins_of(outcome).values()))
        print(f"API down from the {name}: {len(outcome.documents)} of {len(whole.documents)}, the same: {is_same}; {origins}")


def suffer(folder: Path) -> None:
    """Crawl hostile lists."""
    site = fresh_site()
    hostile = ",".join(f"https://rss.dw.com/rdf/rss-{name}-all" for name in discovery.HOSTILE)
    site.options(articles=100, sitemap_loop=True, endless_search=True)
    seeds = f"{hostile},https://www.dw.com/sitemap.xml,search:en:2026-03-01..2026-03-01"
    outcome = crawl(folder / "hostile", seeds, site=site, settings=discovery.LISTS_ONLY)
    print(f"hostile lists: {told(outcome)}")
    for problem in outcome.report["listing_problems"]:
        print(f"  {re.sub(r'^https?://[^/]*', '', problem['url'])[:60]}: {problem['problem']}")


def read() -> None:
    """Print the recorded pages, field by field."""
    apollo, classic = recorded(RECORDED_APOLLO), recorded(RECORDED_CLASSIC)
    react = apollo.replace(b"__APOLLO_STATE__", b"__GONE__")
    for name, body in (("2023-06, state", apollo), ("2023-06, markup", react), ("2023-03, classic", classic)):
        article = pages.parse(body, 1)
        texts = [block.html for block in article.blocks if isinstance(block, Paragraph)]
        pictures = [block for block in article.blocks if isinstance(block, Picture)]
        pictures += [article.main_picture] if article.main_picture else []
        print(f"page of {name} ({article.origin}): {article.kind} {article.id} {article.language};", end=" ")
        print(f"title of {len(article.title)} characters; author {article.author or '-'}; {article.display_date};", end=" ")
        print(f"teaser of {len(article.teaser)}; {len(texts)} paragraphs,", end=" ")
        print(f"{sum(text.startswith('<strong>') for text in texts)} of them sub-headings;", end=" ")
        print(f"{''.join(texts).count('<a ')} links;", end=" ")
        print(f"{len(pictures)} pictures, {sum(bool(one.caption) for one in pictures)} with captions;", end=" ")
        print(f"{sum(isinstance(block, Video) for block in article.blocks)} videos; skipped {len(article.skipped)}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        find(Path(folder))
        fall_back(Path(folder))
        suffer(Path(folder))
    if RECORDED.is_dir():
        read()


if __name__ == "__main__":
    main()
