"""`make bench-site`: build and update a site of generated documents. Figures go into results-site.json and README.md."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import itertools
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from benchmarks import report
from crawler import seedfile, times
from crawler.reader.plan import Selection
from crawler.reader.site import build
from crawler.storage import layout
from crawler.storage.opening import open_archive
from crawler.storage.runlog import encode
from crawler.urls import PictureName
from tests import made
from tests.reader.samples import drawing, picture, reference

HERE = Path(__file__).parent
A_DAY = 27  # documents: 200,000 in twenty years
FIRST_MS = 1_100_000_000_000  # 2004
NEW = 50
REFERENCES = 4  # of a document, to others before it
SHARING = 4  # documents that show one picture
RUN = 4000  # documents
WORDS = 5000  # of each language
PAGES = 100  # articles and searches that the server is asked for
TARGETS = {"update s": 5.0, "peak MB": 300, "largest file KB": 500}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reader")
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--keep", action="store_true", help="keep the archive, and use an existing one")
    parser.add_argument("--no-report", action="store_true", help="print the figures, write nothing")
    options = parser.parse_args()
    root = HERE / "work" / "site"
    if not (root / "archive" / layout.INDEX).exists():
        make(root / "archive", options.documents)
    shutil.rmtree(root / "site", ignore_errors=True)
    figures = measure(root, options.documents)
    text = table(figures)
    print(text)
    if not options.no_report:
        (HERE / "results-site.json").write_text(json.dumps(figures, indent=1) + "\n")
        report.put(HERE / "README.md", "site", text)
    if not options.keep:
        shutil.rmtree(root)
    return 0


def make(root: Path, count: int, first: int = 0) -> None:
    """Make documents with their pictures, run logs and index, as crawls leave them."""
    chance = random.Random(count + first)
    languages = itertools.cycle(made.LANGUAGES)
    drawn = drawing(1, 64, 36)
    for start in range(first, first + count, RUN):
        lines = []
        for place in range(start, min(start + RUN, first + count)):
            dw_id, language = 10_000_000 + place, next(languages)
            moment = FIRST_MS + place * made.DAY_MS // A_DAY // 1000 * 1000
            plain = made.document(dw_id, language, chance, moment, sentences=chance.randint(15, 40), size=WORDS)
            others = [10_000_000 + chance.randrange(place + 1) for _ in range(REFERENCES)]
            body = picture(20_000_000 + place // SHARING, "A caption")
            body += "".join(f"<p>{reference(one, 'a link')}</p>" for one in others)
            document = seedfile.SeedDocument(plain.stamp_ms, plain.title, plain.url, plain.html + body)
            data = seedfile.dumps(document).encode()
            path = layout.document_path(language, moment, dw_id, document.title)
            lines.append(_store(root, path, data, {
                "kind": "article", "id": dw_id, "url": document.url, "time": times.iso(document.stamp_ms), "hop": 0,
                "source": "api", "stamp_ms": document.stamp_ms, "published_ms": moment, "language": language,
            }))  # fmt: skip
            if place % SHARING == 0:
                name = PictureName(20_000_000 + place // SHARING, "303", "png")
                lines.append(_store(root, layout.picture_path(name), drawn, {
                    "kind": "picture", "id": name.id, "url": "", "time": times.iso(document.stamp_ms)}))  # fmt: skip
        (root / layout.RUNS).mkdir(parents=True, exist_ok=True)
        run = layout.run_name(1_780_000_000_000 + start * 1000)
        (root / layout.RUNS / f"{run}.jsonl").write_bytes(b"".join(lines))
    open_archive(root, 1_790_000_000_000 + first * 1000, "a benchmark").close()


def _store(root: Path, path: str, data: bytes, record: dict[str, object]) -> bytes:
    """Write a file. Returns its log line."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(data)
    return encode({"path": path, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), **record})


def measure(root: Path, count: int) -> dict[str, float]:
    archive, site = root / "archive", root / "site"
    start, cpu = time.perf_counter(), time.process_time()
    built = build(archive, site, Selection())
    took, used = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    again = build(archive, site, Selection())
    idle = time.perf_counter() - start
    make(archive, NEW, count)
    start, cpu = time.perf_counter(), time.process_time()
    updated = build(archive, site, Selection())
    update, update_cpu = time.perf_counter() - start, time.process_time() - cpu
    served = serve(archive)
    largest = max(path.stat().st_size for path in site.rglob("*.*") if path.suffix in (".html", ".js", ".css"))
    return {"documents": count, "files": built.written, "build s": round(took, 1), "documents a second": round(count / took),
            "documents a CPU second": round(count / used), "nothing new s": round(idle, 2), "files then": again.written,
            "update s": round(update, 2), "update CPU s": round(update_cpu, 2), "files of the update": updated.written,
            "peak MB": round(peak), "largest file KB": round(largest / 1000),
            "remembered MB": round((site / ".dw-site/memory.sqlite").stat().st_size / 1e6), **served}  # fmt: skip


def serve(archive: Path) -> dict[str, float]:
    """`serve` over the archive: its second start, and how long its pages take. Memory is the server's, the search included."""
    figures: dict[str, float] = {}
    with _serving(archive):  # makes its caches
        pass
    start = time.perf_counter()
    with _serving(archive) as (process, port):
        figures["serve: starts s"] = round(time.perf_counter() - start, 2)
        for name, addresses in _addresses(archive).items():
            times = sorted(_milliseconds(port, address) for address in addresses)
            figures[f"serve: {name} ms, median"] = round(statistics.median(times), 1)
            figures[f"serve: {name} ms, 95th percentile"] = round(times[int(len(times) * 0.95)], 1)
        status = Path(f"/proc/{process.pid}/status").read_text()
        figures["serve: peak MB"] = round(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    return figures


@contextlib.contextmanager
def _serving(archive: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-m", "crawler", "serve", "--port", "0", "--json", "-s", f"ARCHIVE_DIR={archive}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=HERE.parent, text=True)
    assert process.stdout
    try:
        yield process, json.loads(process.stdout.readline())["port"]
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _addresses(archive: Path) -> dict[str, list[str]]:
    """What to request: the first page, pages of languages, articles, and searches for frequent and rare words, by chance."""
    chance = random.Random(3)
    texts = sorted(archive.rglob("*.txt"))
    paths = chance.sample([path for path in texts if layout.is_document(str(path.relative_to(archive)))], PAGES)
    words = [chance.choice(seedfile.loads(path.read_bytes()).title.split()) for path in paths]
    return {
        "first page": ["/index.html"] * 20,
        "language page": [f"/{language}/index.html" for language in made.LANGUAGES],
        "article": [f"/{path.relative_to(archive).with_suffix('.html')}" for path in paths],
        "search": [f"/search.html?{urlencode({'q': word.strip('.,،')})}" for word in words],
    }


def _milliseconds(port: int, address: str) -> float:
    start = time.perf_counter()
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", address)
        reply = connection.getresponse()
        reply.read()
    assert reply.status == 200, (reply.status, address)
    return (time.perf_counter() - start) * 1000


def table(figures: dict[str, float]) -> str:
    lines = [f"{figures['documents']:,} documents, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}.", ""]
    lines += ["| figure | measured | target |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {value:,} | {TARGETS.get(name, '')} |" for name, value in figures.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
