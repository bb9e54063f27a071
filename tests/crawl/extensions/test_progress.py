"""Progress, as a person sees it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.crawling import QUICK, ROOT, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site


@pytest.fixture
def site() -> Site:
    return fresh_site()


def test_progress_is_a_log_line_where_there_is_no_terminal(site: Site, tmp_path: Path) -> None:
    site.fault("/api/.*", delay_s=0.2)
    outcome = crawl(tmp_path, dw.CHAIN, "depth=0", site=site, settings={"LOGSTATS_INTERVAL": 0.1})
    lines = re.findall(r"INFO: (\d) new documents, 0 known, \d pictures \(0 missing\), (\d) waiting, ", outcome.stderr)
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
        done = subprocess.run(command, cwd=ROOT, stdin=none, stdout=none, stderr=terminal, check=False, timeout=60)
    finally:
        os.close(terminal)
        reader.join()
        os.close(controller)
    text = b"".join(shown).decode()
    assert done.returncode == 0
    assert re.search(r"\r\x1b\[K\d new documents, 0 known, \d pictures", text)
    assert "\r\x1b[Kdocuments       2 new" in text  # the summary begins at the left edge


def _read_all(descriptor: int, into: list[bytes]) -> None:
    while True:
        try:
            data = os.read(descriptor, 4096)
        except OSError:  # EIO: nobody holds the other side any more
            return
        into.append(data)
