"""What the tests in a browser share: a site, and the browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.reader.plan import Selection
from crawler.reader.site import build
from tests.devtools import Browser
from tests.reader import samples


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of the samples."""
    root = tmp_path_factory.mktemp("site")
    samples.archive(root / "archive")
    build(root / "archive", root / "site", Selection())
    return root / "site"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened
