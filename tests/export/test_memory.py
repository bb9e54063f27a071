"""Memory of an export does not grow with the archive."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawling import ROOT
from tests.helpers_commands import archive_of, document

SMALL, LARGE = 150, 600  # documents of 60 KB
MOST_MB = 12
"""How much more four times the documents may take: allocators keep some. The documents themselves would take 27 MB."""

FORMATS = {
    "jsonl": "a.jsonl", "parquet": "a.parquet", "warc": "a.warc", "wacz": "a.wacz", "bagit": "bag",
    "atom --base-url https://mirror.example/": "feeds", "parquet --partition language,year": "folder",
}  # fmt: skip
QUICK = ("jsonl", "parquet")


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A small archive and a large one."""
    folder = tmp_path_factory.mktemp("memory")
    body = f"<p>{'A sentence of a long report. ' * 2000}</p>"
    return [
        archive_of(folder / str(count), *(document(70000001 + place, body=f"<p>{place}</p>{body}") for place in range(count)))
        for count in (SMALL, LARGE)
    ]


# VmHWM, because what `wait4` tells of a child includes the memory of the process that started it
RUN = """
import sys
from crawler.__main__ import run
status = run(sys.argv[1:])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")), file=sys.stderr)
sys.exit(status)
"""


def peak_mb(arguments: list[str], root: Path, to: Path) -> float:
    """Return the highest resident memory of an export, in a process of its own."""
    command = [sys.executable, "-c", RUN, "export", *arguments, "-s", f"ARCHIVE_DIR={root}", "--to", str(to)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(ran.stderr) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
@pytest.mark.parametrize("arguments", [pytest.param(one, marks=() if one in QUICK else pytest.mark.torture) for one in FORMATS])
def test_memory_does_not_grow_with_the_archive(arguments: str, archives: list[Path], tmp_path: Path) -> None:
    for root in archives:
        (tmp_path / root.name).mkdir()
    small, large = (peak_mb(arguments.split(), root, tmp_path / root.name / FORMATS[arguments]) for root in archives)
    assert large - small < MOST_MB
    assert large < 150, small
