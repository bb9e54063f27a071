"""Compare a crawl of the stand-in with a spider that only downloads the same objects: `python -m benchmarks.standin`.

The two run in turn, without delays, with 16 connections and the same Scrapy settings except for the pipelines. The downloading
spider knows all addresses from the start and keeps nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import scrapy

from tests.dwsite.articles import FIRST_SYNTHETIC, FIRST_SYNTHETIC_PICTURE
from tests.dwsite.client import Site

_FAST = ["-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0", "-s", "DOWNLOAD_SLOTS={}", "-s", "CONCURRENT_REQUESTS=16",
         "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=16", "-s", "LOG_LEVEL=WARNING"]  # fmt: skip


class OnlyDownload(scrapy.Spider):
    """Requests every address of a file, and keeps nothing."""

    name = "only-download"
    addresses = ""

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for line in Path(self.addresses).read_text(encoding="utf-8").splitlines():
            yield scrapy.Request(line, dont_filter=True)

    def parse(self, response: scrapy.http.Response) -> None:
        """Do nothing."""


def timed(command: list[str], **environment: str) -> float:
    """Return how many seconds a command takes; it must end with status 0."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
    return time.perf_counter() - begin


def main() -> None:
    """Print the objects a second of both, and their ratio, round by round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--picture-bytes", type=int, default=60_000)
    options = parser.parse_args()
    ids = range(FIRST_SYNTHETIC, FIRST_SYNTHETIC + options.articles)
    objects = 4 * options.articles
    size = ["--articles", str(options.articles), "--picture-bytes", str(options.picture_bytes)]
    with tempfile.TemporaryDirectory() as folder, Site(*size, "--pictures-per-article", "3") as site:
        seeds, addresses = Path(folder, "seeds.txt"), Path(folder, "addresses.txt")
        seeds.write_text("".join(f"https://www.dw.com/en/a-{dw_id}\n" for dw_id in ids), encoding="utf-8")
        first = FIRST_SYNTHETIC_PICTURE
        pictures = [f"{site.static}/image/{dw_id}_303.jpg" for dw_id in range(first, first + 3 * options.articles)]
        details = [f"{site.api}/api/detail/article/{dw_id}" for dw_id in ids]
        addresses.write_text("\n".join(details + pictures) + "\n", encoding="utf-8")
        full, bare = [], []
        for turn in range(options.rounds):
            archive = f"{folder}/archive{turn}"
            crawl = [sys.executable, "-m", "scrapy", "crawl", "dw", "-a", f"seeds={seeds}", "-s", f"ARCHIVE_DIR={archive}"]
            full.append(objects / timed([*crawl, *_FAST, *site.settings_args]))
            stored = sum(1 for log in Path(archive, "runs").glob("*.jsonl") for line in log.open() if json.loads(line)["path"])
            assert stored == objects + options.articles, f"{stored} files stored"
            only = [sys.executable, "-m", "scrapy", "runspider", __file__, "-a", f"addresses={addresses}", *_FAST]
            bare.append(objects / timed(only, SCRAPY_SETTINGS_MODULE="benchmarks.only_download"))
            print(f"round {turn + 1}: archiving {full[-1]:.0f} objects/s, only downloading {bare[-1]:.0f} objects/s, "
                  f"ratio {full[-1] / bare[-1]:.2f}")  # fmt: skip
    ratios = [a / b for a, b in zip(full, bare, strict=True)]
    medians = f"archiving {statistics.median(full):.0f} objects/s, only downloading {statistics.median(bare):.0f} objects/s"
    spread = f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    print(f"median: {medians}, {spread}; {objects} objects a run")


if __name__ == "__main__":
    main()
