"""Progress, as a person sees it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.crawl.extensions.progress import Progress
from tests.crawling import PATIENCE_S, QUICK, ROOT, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site


@pytest.fixture
def site() -> Site:
    return fresh_site()


def test_progress_is_logged_if_there_is_no_terminal(site: Site, tmp_path: Path) -> None:
    site.fault("/api/.*", delay_s=0.2)
    outcome = crawl(tmp_path, dw.CHAIN, "depth=0", site=site, settings={"LOGSTATS_INTERVAL": 0.1})
    lines = re.findall(r"INFO: documents: (\d) of (\d), \d new; pictures: \d of \d", outcome.stderr)
    assert len(lines) > 2
    assert [int(new) for new, _ in lines] == sorted(int(new) for new, _ in lines)
    assert "\r" not in outcome.stderr


def test_progress_is_a_live_line_on_a_terminal(site: Site, tmp_path: Path) -> None:
    site.fault("/api/.*", delay_s=0.7)
    options = [part for name, value in {**QUICK, "ARCHIVE_DIR": tmp_path}.items() for part in ("-s", f"{name}={value}")]
    seed = f"seeds=https://www.dw.com/a-{dw.CHAIN[3]},https://www.dw.com/a-{dw.CHAIN[4]}"
    command = [sys.executable, "-m", "scrapy", "crawl", "dw", "-a", seed, "-a", "depth=0", *options, *site.settings_args]
    controller, terminal = os.openpty()
    shown: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(controller, shown))
    reader.start()
    try:
        none = subprocess.DEVNULL
        done = subprocess.run(command, cwd=ROOT, stdin=none, stdout=none, stderr=terminal, check=False, timeout=PATIENCE_S,
                              env={**os.environ, "TERM": "xterm"})  # fmt: skip
    finally:
        os.close(terminal)
        reader.join()
        os.close(controller)
    text = b"".join(shown).decode()
    assert done.returncode == 0
    assert re.search(r"\r\x1b\[K(?:[━─]{20} )?documents: \d of \d, \d new; pictures: \d", text)
    assert "\r\x1b[Kdocuments       2 new" in text  # the summary begins at the left edge


PROGRESS = Progress(
    done=34, new=31, waiting=86, pictures=88, missing_pictures=2, waiting_pictures=5, seconds=40, delay_s=1
)  # fmt: skip


def test_line_says_how_much_is_done_and_how_long_the_rest_takes() -> None:
    said = "documents: 34 of 120, 31 new; pictures: 88 of 93, 2 missing; 3.0/s; about 1 min 41 s left"
    assert PROGRESS.line() == said
    end = replace(PROGRESS, done=120, waiting=0, waiting_pictures=0, missing_pictures=0)
    assert end.line() == "documents: 120 of 120, 31 new; pictures: 88 of 88; 5.2/s"


def test_short_line_fits_a_narrow_terminal() -> None:
    assert PROGRESS.short() == "34 of 120 documents, 1 min 41 s left"
    assert replace(PROGRESS, waiting=0, waiting_pictures=0).short() == "34 of 34 documents"


def test_pace_follows_from_the_delay_until_it_can_be_measured() -> None:
    start = replace(PROGRESS, done=0, new=0, pictures=0, missing_pictures=0, seconds=0)
    assert (start.left_s, replace(start, delay_s=60).left_s) == (86, 5160)
    assert replace(start, waiting=0).left_s == 1  # pictures come five at a time
    assert replace(PROGRESS, seconds=340).left_s == 860


def test_bar_is_full_when_nothing_waits_and_empty_before_anything_does() -> None:
    assert replace(PROGRESS, done=30, waiting=90).bar(8, "#.") == "##......"
    assert replace(PROGRESS, waiting=0).bar(8, "#.") == "########"
    assert replace(PROGRESS, done=0, waiting=0).bar(8, "#.") == "........"


def _read_all(descriptor: int, into: list[bytes]) -> None:
    while True:
        try:
            data = os.read(descriptor, 4096)
        except OSError:  # EIO: the other side is closed
            return
        into.append(data)
