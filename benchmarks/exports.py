"""`make bench-export`: speed and memory of exporting generated documents as JSONL and Parquet. Figures go into
results-export.json and README.md."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import report
from benchmarks.reader import make
from crawler.storage import layout

HERE = Path(__file__).parent
FORMATS = {"jsonl": "a.jsonl", "jsonl, packed": "a.jsonl.gz", "parquet": "a.parquet"}
SMALL = 10  # the share of the documents that memory use is compared with
TARGETS = {"jsonl a CPU second": 2000, "parquet a CPU second": 2000}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exports")
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--keep", action="store_true", help="keep the archives, and use existing ones")
    parser.add_argument("--no-report", action="store_true", help="print the figures, write nothing")
    options = parser.parse_args()
    root = HERE / "work" / "export"
    figures = measure(root, options.documents)
    text = table(figures, options.documents)
    print(text)
    if not options.no_report:
        (HERE / "results-export.json").write_text(json.dumps(figures, indent=1) + "\n")
        report.put(HERE / "README.md", "export", text)
    if not options.keep:
        shutil.rmtree(root)
    return 0


def measure(root: Path, count: int) -> dict[str, float]:
    """Return the figures of every format. Each export runs in its own process, so that its memory can be measured."""
    figures: dict[str, float] = {"documents": count}
    for documents in (count // SMALL, count):
        archive = root / str(documents) / "archive"
        if not (archive / layout.INDEX).exists():
            make(archive, documents)
        for name, file in FORMATS.items():
            found = export(archive, root / file, documents)
            if documents == count:
                figures |= {f"{name} {what}": value for what, value in found.items()}
            else:
                figures[f"{name} peak MB of a tenth"] = found["peak MB"]
    return figures


# VmHWM, because what the system tells of a child includes the memory of the process that started it
_RUN = """
import json, sys, time
from crawler.__main__ import run
status = run(sys.argv[1:])
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([time.process_time(), int(peak) / 1024]), file=sys.stderr)
sys.exit(status)
"""


def export(archive: Path, to: Path, documents: int) -> dict[str, float]:
    """Run `dw-archiver export`, its start included. Returns its figures."""
    name = to.name.split(".")[1]
    command = [sys.executable, "-c", _RUN, "export", name, "--force", "-s", f"ARCHIVE_DIR={archive}", "--to", str(to)]
    start = time.perf_counter()
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent)
    took = time.perf_counter() - start
    used, peak = json.loads(ran.stderr)
    return {"a second": round(documents / took), "a CPU second": round(documents / used),
            "MB": round(to.stat().st_size / 1e6), "peak MB": round(peak)}  # fmt: skip


def table(figures: dict[str, float], count: int) -> str:
    lines = [f"{count:,} documents, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}.", ""]
    lines += ["| format | documents a CPU second | target | documents a second | peak MB | peak MB of a tenth | size, MB |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name in FORMATS:
        shown = [figures[f"{name} {what}"] for what in ("a second", "peak MB", "peak MB of a tenth", "MB")]
        target = TARGETS.get(f"{name} a CPU second", "")
        lines.append(f"| {name} | {figures[f'{name} a CPU second']:,} | {target} | {' | '.join(f'{one:,}' for one in shown)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
