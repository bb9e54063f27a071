"""Compare the results of a search index with those of a new one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crawler import times
from crawler.library.search.index import NAME, SearchIndex
from crawler.library.search.query import parse
from crawler.library.search.search import Hit, Selection, search
from crawler.storage import layout
from crawler.storage.logline import Removal
from tests.helpers_commands import store


def hits(root: Path, *queries: str, say: Callable[[str], None] = lambda sentence: None, **selection: Any) -> list[Hit]:
    """Return what each query finds, newest and best first."""
    with SearchIndex(root, say) as opened:
        opened.catch_up()
        wanted = Selection(**{"with_revisions": True, **selection})
        return [hit for query in queries for best in (False, True)
                for hit in search(opened.db, root, parse(query), wanted, lambda path: None, best=best)]  # fmt: skip


def paths(root: Path, query: str, **selection: Any) -> list[str]:
    found = [hit.path for hit in hits(root, query, **selection)]
    assert sorted(found[: len(found) // 2]) == sorted(found[len(found) // 2 :])  # both orders have the same hits
    return found[: len(found) // 2]


def hits_from_nothing(root: Path, *queries: str) -> list[Hit]:
    """Return the hits of a new index, made for a copy of the archive."""
    copy = root.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(f"{NAME}*", layout.LOCK))
    return hits(copy, *queries)


def remove(root: Path, path: str, dw_id: int, now_ms: int) -> None:
    """Remove a document as `scrapy repair` does if it cannot be restored."""
    (root / path).unlink()
    store(root, states=[Removal(path, "damaged", times.iso(now_ms), is_found=False)], now_ms=now_ms)
