"""`make demo`: crawl the stand-in, and show what can be done with the archive. The output fits one screen.

Everything goes into the folder `demo/`, which is deleted first.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.dwsite import articles as dw
from tests.dwsite.client import Site

FOLDER = Path("demo")
LANGUAGES = (dw.ENGLISH, dw.GERMAN, dw.ARABIC, dw.RUSSIAN, dw.TRADITIONAL)
WIDTH = 100  # characters


def main() -> int:
    """Run the demo. Returns 0, or the exit status of the first command that failed."""
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True, errors="replace")  # the commands write to the same place
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        ran("init", str(FOLDER), folder=Path.cwd())
        with Site() as site:
            print("This crawls a small imitation of DW on this machine. No request leaves it.")
            crawl(site, ",".join(map(address, LANGUAGES)))
            site.edit(dw.ENGLISH, title="A village shares two clocks", add_paragraph="On Sunday a second clock came.")
            crawl(site, address(dw.ENGLISH), "-s", "ARCHIVE_REFRESH=[[100000, 0]]")
        show_archive()
    except subprocess.CalledProcessError as error:
        print(error.stdout, error.stderr, sep="\n", file=sys.stderr)
        return error.returncode
    return 0


def address(dw_id: int) -> str:
    """Return the address of an article."""
    return f"https://www.dw.com/{dw.CONTENTS[dw_id].language or 'en'}/any/a-{dw_id}"


def crawl(site: Site, seeds: str, *arguments: str) -> None:
    """Run a crawl of the stand-in, and print its result."""
    quick = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0", "-s", "ARCHIVE_MIN_FREE=0")
    said = ran("crawl", "-a", f"seeds={seeds}", "-a", "depth=0", *quick, *site.settings_args, *arguments).stderr.splitlines()
    for line in said:
        if line.startswith(("documents  ", "pictures  ")):
            print(f"  {line}")


def show_archive() -> None:
    """Show a document, what changed in it, a search, the address of a site, and what to try next."""
    document = next(path for path in (FOLDER / "archive" / "en").rglob(f"{dw.ENGLISH}-*.txt"))
    print(f"\nA document, as any editor shows it: {document}")
    show(document.read_text("utf-8").splitlines())
    print(f"\nDW changed it, and both versions are kept: dw-archiver diff {dw.ENGLISH}")
    show(ran("diff", str(dw.ENGLISH)).stdout.splitlines())
    print("\nA search, in any script: dw-archiver search clock")
    show(ran("search", "clock").stdout.splitlines())
    ran("site")
    print(f"\nPages to read: {(FOLDER / 'site' / 'index.html').resolve().as_uri()}")
    print(f"\nThree commands to try, after: . {Path(sys.executable).parent}/activate; cd {FOLDER}")
    for words in ("serve", "search 年轻人", "status"):
        print(f"  dw-archiver {words}")


def ran(*arguments: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    """Run `dw-archiver` of this checkout in a folder. Raises CalledProcessError if it fails."""
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "COLUMNS": str(WIDTH)}
    command = [sys.executable, "-m", "crawler", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, encoding="utf-8", env=environment)


def show(lines: list[str]) -> None:
    """Print the lines that are not empty, indented and cut to a width."""
    for line in filter(str.strip, lines):
        print(f"  {line[:WIDTH]}{'...' if len(line) > WIDTH else ''}")


if __name__ == "__main__":
    sys.exit(main())
