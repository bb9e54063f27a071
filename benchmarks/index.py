"""`make bench-index`: the start of a run on 200,000 archived articles, and the cost of a look-up."""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import HERE, WORK, measure, report
from benchmarks.contestants import crawl, settings
from crawler import times
from crawler.storage import layout
from crawler.storage.index.apply import apply
from crawler.storage.index.refresh import DAY_MS
from crawler.storage.index.sqlite import Index
from crawler.urls import DW, PictureName

_FIRST, _FIRST_PICTURE = 60_000_001, 50_000_001
_PICTURES = 3
_YOUNGEST_DAYS, _OLDEST_DAYS = 3, 2000
_MIB = 1024 * 1024


def make_index(path: Path, articles: int, now_ms: int) -> None:
    """Make an index of archived articles with three pictures each, as log lines would have made it. The files do not exist.

    The articles are spread evenly over five and a half years, the youngest is three days old, and nothing is due.
    """
    path.parent.mkdir(parents=True)
    index = Index(path)
    step_ms = (_OLDEST_DAYS - _YOUNGEST_DAYS) * DAY_MS // articles
    time_text = times.iso(now_ms)
    for place in range(articles):
        dw_id, published_ms = _FIRST + place, now_ms - _OLDEST_DAYS * DAY_MS + place * step_ms
        document = layout.document_path("en", published_ms, dw_id, f"An article with the number {dw_id}")
        common = {"sha256": f"{dw_id:064x}", "bytes": 8000, "id": dw_id, "time": time_text}
        for offset in range(_PICTURES):
            name = PictureName(_FIRST_PICTURE + place * _PICTURES + offset, "303", "jpg")
            picture = {"path": layout.picture_path(name), "kind": "picture", "id": name.id, "url": DW.picture(name)}
            apply(index, {**common, **picture}, "made")
        reply = {**common, "path": layout.reply_path(document, "json"), "kind": "article", "url": DW.detail("article", dw_id)}
        apply(index, reply, "made")
        record = {"path": document, "kind": "article", "language": "en", "hop": 0, "source": "api",
                  "url": f"https://www.dw.com/en/a-{dw_id}", "stamp_ms": published_ms,
                  "published_ms": published_ms}  # fmt: skip
        apply(index, {**common, **record}, "made")
    index.commit()
    index.close()


def looked_up_us(path: Path, articles: int, looks: int) -> list[float]:
    """Return the microseconds of each look-up of the state of a known article or picture, picked at random."""
    index = Index(path, read_only=True)
    chance = random.Random(1)
    found = []
    for _ in range(looks):
        place = chance.randrange(articles)
        key = (_FIRST + place, "") if chance.random() < 0.5 else (_FIRST_PICTURE + place, "303")
        begin = time.perf_counter()
        row = index.get(*key)
        found.append(1e6 * (time.perf_counter() - begin))
        assert row is not None
    index.close()
    return found


def begin_run(folder: Path, archive: Path) -> measure.Run:
    """Make a complete run with nothing to do: no seeds, nothing due, no request."""
    values: dict[str, Any] = {"ARCHIVE_DIR": str(archive), "ARCHIVE_MIN_FREE": 0}
    return measure.run(crawl("-a", "seeds=", *settings(**values)), folder)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index", description=__doc__)
    parser.add_argument("--articles", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    folder = WORK / "index"
    shutil.rmtree(folder, ignore_errors=True)
    large, empty = folder / "large", folder / "empty"
    print(f"making an index of {options.articles:,} articles", flush=True)
    begin = time.monotonic()
    make_index(large / layout.INDEX, options.articles, int(time.time() * 1000))
    made_s = time.monotonic() - begin
    looks = sorted(looked_up_us(large / layout.INDEX, options.articles, 20_000))
    runs: dict[str, list[measure.Run]] = {"empty": [], "large": []}
    for _ in range(options.rounds):
        for name, archive in (("empty", empty), ("large", large)):
            run = begin_run(folder, archive)
            assert run.status == 0, (folder / "output.log").read_text()
            runs[name].append(run)
            if name == "empty":
                shutil.rmtree(empty)
    seconds = {name: statistics.median(run.seconds for run in found) for name, found in runs.items()}
    peaks = {name: max(run.peak_bytes for run in found) / _MIB for name, found in runs.items()}
    at = {share: looks[min(int(len(looks) * share), len(looks) - 1)] for share in (0.5, 0.99, 1.0)}
    more = peaks["large"] - peaks["empty"]
    lines = [
        ["whole run, nothing due", f"{seconds['large']:.2f} s (empty archive {seconds['empty']:.2f} s)", "start under 2 s",
         _verdict(seconds["large"] < 2)],
        ["peak memory", f"{peaks['large']:.1f} MiB (empty archive {peaks['empty']:.1f} MiB)", "within 20 MiB",
         _verdict(more < 20)],
        ["state look-up", f"median {at[0.5]:.0f}, 99th percentile {at[0.99]:.0f}, longest {at[1.0]:.0f} microseconds",
         "99th percentile under 1 ms", _verdict(at[0.99] < 1000)],
        ["index", f"{(large / layout.INDEX).stat().st_size / _MIB:.0f} MiB, made in {made_s:.0f} s", "", ""],
    ]  # fmt: skip
    text = "\n".join("| " + " | ".join(line) + " |" for line in
                     [[f"{options.articles:,} archived articles", "found", "goal", ""], ["---"] * 4, *lines])  # fmt: skip
    print(text)
    results = {"articles": options.articles, "runs": {name: [dataclasses.asdict(run) for run in found]
                                                      for name, found in runs.items()}, "look_up_us": at}  # fmt: skip
    (HERE / "results-index.json").write_text(json.dumps(results, indent=1) + "\n")
    report.put(HERE / "README.md", "index", text)
    shutil.rmtree(folder)
    return 0


def _verdict(is_reached: bool) -> str:
    return "reached" if is_reached else "**missed**"


if __name__ == "__main__":
    sys.exit(main())
