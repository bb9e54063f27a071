"""`make shots`: pictures of the main pages of a site, in `shots/`, for a person to look at."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from crawler.reader.plan import Selection
from crawler.reader.site import build
from tests.browser import CHROMIUM
from tests.devtools import Browser
from tests.reader import samples

FOLDER = Path("shots")
_WIDE, _PHONE = (1100, 1000), (400, 860)

SEARCHED = """
new Promise((done) => new MutationObserver(() => done(0)).observe(document.getElementById("search-hits"), {childList: true}))
"""

# name, page, dark, size, whether all of it
SHOTS = [
    ("home", "index.html", False, _WIDE, False),
    ("home-dark", "index.html", True, _WIDE, False),
    ("home-phone", "index.html", False, _PHONE, False),
    ("article", f"en/*/*/{samples.ENGLISH}-*.html", False, _WIDE, True),
    ("article-dark", f"en/*/*/{samples.ENGLISH}-*.html", True, _WIDE, False),
    ("article-phone", f"en/*/*/{samples.ENGLISH}-*.html", False, _PHONE, False),
    ("article-ar", f"ar/*/*/{samples.ARABIC}-*.html", False, _WIDE, True),
    ("article-ar-dark", f"ar/*/*/{samples.ARABIC}-*.html", True, _PHONE, False),
    ("article-zh", f"zh/*/*/{samples.CHINESE}-*.html", False, _WIDE, True),
    ("gallery", f"en/*/*/{samples.GALLERY}-*.html", False, _WIDE, True),
    ("video", f"en/*/*/{samples.VIDEO}-*.html", False, _WIDE, True),
    ("hostile", f"en/*/*/{samples.HOSTILE}-*.html", False, _WIDE, True),
    ("revision", f"revisions/{samples.ENGLISH}/*.html", False, _WIDE, True),
    ("revision-dark", f"revisions/{samples.ENGLISH}/*.html", True, _WIDE, False),
    ("language", "en/index.html", False, _WIDE, False),
    ("language-ur", "ur/index.html", False, _WIDE, False),
    ("month", "en/2026/05/index.html", False, _WIDE, False),
    ("search", "search.html#q=%E7%87%88%E7%B1%A0", False, _WIDE, False),
    ("search-dark-phone", "search.html#q=the", True, _PHONE, False),
    ("pictures", "pictures.html", False, _WIDE, False),
    ("about", "about.html", False, _WIDE, True),
]


def main() -> int:
    """Make them. Returns the exit status."""
    if not CHROMIUM:
        print("no Chromium here: apt-get install chromium", file=sys.stderr)
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        root = Path(folder)
        samples.archive(root / "archive")
        build(root / "archive", root / "site", Selection())
        for name, pattern, dark, (width, height), whole in SHOTS:
            browser.look(dark=dark, width=width, height=height)
            path, _, query = pattern.partition("#")
            browser.open(next((root / "site").glob(path)))
            if query:
                browser.run(f"location.hash = {query!r}; {SEARCHED}")
            browser.shoot(FOLDER / f"{name}.png", whole=whole)
    print(f"{len(SHOTS)} pictures in {FOLDER}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
