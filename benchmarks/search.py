"""`make bench-search`: full-text search over generated documents in eight scripts. Figures go into results-search.json and
README.md."""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import random
import resource
import shutil
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import report
from crawler import seedfile, times
from crawler.dw.passages import passages
from crawler.library.search.index import NAME, SearchIndex
from crawler.library.search.query import parse
from crawler.library.search.search import Selection, search
from crawler.storage import layout
from tests import made

HERE = Path(__file__).parent
WORDS = 30_000  # of each language
A_DAY = 27  # documents: 200,000 in twenty years
FIRST_MS = 1_100_000_000_000  # 2004
NEW = 50
RUN = 4000  # documents
LIMIT = 20
TARGETS = {"newest 20 ms": 100.0, "bytes a byte": 1.0, "catch up s": 0.5, "documents a second": 1500.0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search")
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=100, help="of each kind")
    parser.add_argument("--keep", action="store_true", help="keep the archive, and use an existing one")
    parser.add_argument("--no-report", action="store_true", help="print the figures, write nothing")
    options = parser.parse_args()
    root = HERE / "work" / "search"
    if not (root / layout.RUNS).is_dir():
        make(root, options.documents)
    (root / NAME).unlink(missing_ok=True)
    figures = measure(root, options.documents, options.queries)
    text = table(figures, options.documents)
    print(text)
    if not options.no_report:
        (HERE / "results-search.json").write_text(json.dumps(figures, indent=1) + "\n")
        report.put(HERE / "README.md", "search", text)
    if not options.keep:
        shutil.rmtree(root)
    return 0


def languages() -> Iterator[str]:
    """Yield all languages in turn; one document in six is Chinese, in one script or the other."""
    return itertools.cycle(made.LANGUAGES)


def make(root: Path, count: int, first: int = 0) -> None:
    """Make documents with their run logs, as crawls leave them; pictures are left out, but not their log lines."""
    chance = random.Random(count + first)
    span_ms = count * made.DAY_MS // A_DAY
    names = languages()
    for start in range(0, count, RUN):
        lines = []
        for place in range(first + start, first + min(start + RUN, count)):
            dw_id = 10_000_000 + place
            language = next(names)
            # most are stored in order of publication
            moment = FIRST_MS + int(span_ms * min(max(place / max(count, 1), 0), 1)) + chance.randint(0, 30 * made.DAY_MS)
            moment -= moment % 1000
            document = made.document(dw_id, language, chance, moment, sentences=chance.randint(15, 60), size=WORDS)
            data = seedfile.dumps(document).encode()
            path = layout.document_path(language, moment, dw_id, "made")
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
            record = {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "kind": "article",
                      "id": dw_id, "url": document.url, "time": times.iso(document.stamp_ms), "hop": 0, "source": "api",
                      "stamp_ms": document.stamp_ms, "published_ms": moment, "language": language}  # fmt: skip
            picture = {"sha256": "0" * 64, "bytes": 60_000, "kind": "picture", "id": dw_id, "url": "", "time": ""}
            lines += [json.dumps({"path": f"images/1/{dw_id}_30{n}.jpg", **picture}) for n in range(3)]
            lines.append(json.dumps(record, ensure_ascii=False))
        run = layout.run_name(1_780_000_000_000 + (first + start) * 1000)
        (root / layout.RUNS).mkdir(parents=True, exist_ok=True)
        (root / layout.RUNS / f"{run}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def measure(root: Path, count: int, queries: int) -> dict[str, object]:
    """Return all figures. Times are those of one process; the time of building the index is CPU time."""
    text_bytes = file_bytes = 0
    for path in root.rglob("*.txt"):
        document = seedfile.loads(path.read_bytes())
        file_bytes += path.stat().st_size
        text_bytes += len(document.title.encode()) + sum(len(passage.encode()) for passage in passages(document))
    start, cpu = time.perf_counter(), time.process_time()
    with SearchIndex(root) as index:
        index.catch_up()
    took, used = time.perf_counter() - start, time.process_time() - cpu
    size = (root / NAME).stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # of the building, before the queries are drawn
    make(root, NEW, count)
    start = time.perf_counter()
    with SearchIndex(root) as index:
        added = index.catch_up()
        caught_up = time.perf_counter() - start
        assert added == NEW
        times = {name: [timed(index, root, query()) for _ in range(queries)] for name, query in kinds(root).items()}
    figures: dict[str, object] = {
        "documents": count, "text bytes": text_bytes, "file bytes": file_bytes, "index bytes": size,
        "bytes a byte": round(size / text_bytes, 3), "build s": round(took, 1), "documents a second": round(count / took),
        "documents a CPU second": round(count / used), "catch up s": round(caught_up, 3),
        "peak MB": round(peak),
        "newest 20 ms": {name: spread(found) for name, found in times.items()},
    }  # fmt: skip
    return figures


def spread(times: list[float]) -> dict[str, float]:
    """Return the median, the 95th percentile and the longest time."""
    ordered = sorted(times)
    return {"median": round(statistics.median(ordered), 1), "p95": round(ordered[int(len(ordered) * 0.95)], 1),
            "max": round(ordered[-1], 1)}  # fmt: skip


def timed(index: SearchIndex, root: Path, text: str) -> float:
    """Milliseconds for the newest hits of a query, read and with their snippets: CPU time, which on a machine that does
    nothing else is the time."""
    start = time.process_time()
    query = parse(text)
    for n, _ in enumerate(search(index.db, root, query, Selection(), lambda path: None), 1):
        if n == LIMIT:
            break
    return (time.process_time() - start) * 1000


def kinds(root: Path) -> dict[str, Callable[[], str]]:
    """Return queries, drawn from documents, so that frequent words are searched often."""
    chance = random.Random(7)
    paths = sorted(root.rglob("*.txt"))

    def text(*wanted: str) -> str:
        while True:
            path = chance.choice(paths)
            if not wanted or path.relative_to(root).parts[0] in wanted:
                return chance.choice(passages(seedfile.loads(path.read_bytes()))[1:])

    def han(length: int) -> str:
        while True:
            found = text(*made.HAN)
            start = chance.randrange(max(len(found) - length, 1))
            if len(part := found[start : start + length]) == length and part.isalpha():
                return part

    def words(count: int) -> str:
        while True:
            found = text(*made.SYLLABLES).split()
            start = chance.randrange(max(len(found) - count, 1))
            if all(len(word.strip(".,।።")) > 2 for word in found[start : start + count]):
                return " ".join(found[start : start + count])

    return {
        "1 Chinese character": lambda: han(1), "2 Chinese characters": lambda: han(2), "4 Chinese characters": lambda: han(4),
        "a word": lambda: words(1), "two words": lambda: words(2), "a phrase": lambda: f'"{words(3)}"',
        "a prefix": lambda: f"{words(1).strip('.,।።')[:3]}*",
    }  # fmt: skip


def table(figures: dict[str, object], count: int) -> str:
    machine = f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, load {os.getloadavg()[0]:.1f}"
    lines = [f"{count:,} documents, {figures['text bytes']:,} bytes of text; {machine}.", ""]
    lines += ["| figure | measured | target |", "| --- | ---: | ---: |"]
    for name in ("bytes a byte", "catch up s", "documents a second", "documents a CPU second", "peak MB"):
        lines.append(f"| {name} | {figures[name]} | {TARGETS.get(name, '')} |")
    lines += ["", "| newest 20 | median ms | 95th percentile | slowest |", "| --- | ---: | ---: | ---: |"]
    found = figures["newest 20 ms"]
    assert isinstance(found, dict)
    lines += [f"| {name} | {of['median']} | {of['p95']} | {of['max']} |" for name, of in found.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
