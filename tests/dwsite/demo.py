"""`make demo`: the crawler at work on the stand-in, what lands on disk, and a site of it.

Everything goes into the folder `demo/`, which is made anew.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

from tests.dwsite import articles as dw
from tests.dwsite.client import Site

FOLDER = Path("demo")


def main() -> int:
    """Run the demo. Returns the exit status of the crawl."""
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True)  # the commands write to the same place
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    seeds = FOLDER / "seeds.txt"
    lines = [f"https://www.dw.com/{dw.CONTENTS[dw_id].language or 'en'}/any-title/a-{dw_id}" for dw_id in dw.SEEDS]
    seeds.write_text("# addresses of articles, one a line\n" + "\n".join(lines) + "\n", encoding="utf-8")
    with Site() as site:
        print("A DW of its own runs on loopback. The crawl starts from these seeds:\n")
        print(seeds.read_text(encoding="utf-8"))
        at = ["-s", f"ARCHIVE_DIR={FOLDER}/archive", "-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0",
              *site.settings_args]  # fmt: skip
        status = scrapy("crawl", "dw", "-a", f"seeds={seeds}", "-a", "depth=2", *at)
        print("\nDW changes an article, and a second run looks at it again:\n")
        site.edit(dw.ENGLISH, title="A village shares two clocks", add_paragraph="On Sunday a second clock came. It is slow.")
        again = f"seeds=https://www.dw.com/en/any-title/a-{dw.ENGLISH}"
        status = max(status, scrapy("crawl", "dw", "-a", again, "-a", "depth=0", "-s", "ARCHIVE_REFRESH=[[100000, 0]]", *at))
    show_files(FOLDER / "archive")
    show_document(next((FOLDER / "archive" / "zh").rglob(f"{dw.SEED_ZH}*.txt")))
    print("\nscrapy status\n")
    archive = f"-s ARCHIVE_DIR={FOLDER}/archive"
    scrapy("status", *archive.split())
    print("\nscrapy site\n")
    scrapy("site", *archive.split())
    print("\nNext you might try:\n")
    for command in ("search clock", f"diff {dw.ENGLISH}", "verify"):
        print(f"  scrapy {command} {archive}")
    return status


def scrapy(*arguments: str) -> int:
    """Run a `scrapy` command of this checkout, its output as it comes. Returns its exit status."""
    return subprocess.run([sys.executable, "-m", "scrapy", *arguments], check=False).returncode


def show_files(archive: Path) -> None:
    """Name the first files of every folder."""
    print(f"\nWhat lies in {archive} now:\n")
    for folder in sorted({path.parent for path in archive.rglob("*") if path.is_file()}):
        names = sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        print(f"  {folder.relative_to(archive)}/  {shown}")


def show_document(path: Path) -> None:
    """Print the beginning of a document: it is a seed again."""
    print(f"\n{path}:\n")
    for line in path.read_text(encoding="utf-8").splitlines():
        print(f"  {line[:150]}{'...' if len(line) > 150 else ''}")


if __name__ == "__main__":
    sys.exit(main())
