"""The programs of others in `.venv-tools`, which read what `scrapy export` makes. `make tools` installs them:
`python -m tests.export.tools` fetches ReplayWeb.page, an npm package, of which two files are needed. Needs nothing but Python.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
import time
import urllib.request
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".venv-tools"
WACZ = FOLDER / "bin/wacz"
REPLAY = FOLDER / "replaywebpage"
FILES = ("ui.js", "sw.js")

_ADDRESS = "https://registry.npmjs.org/replaywebpage/-/replaywebpage-2.5.3.tgz"
_SHA512 = "nCj2PSON3BxeSJKE8AsYPyULv0XPZKJWfy4l9PyQre9SqwLZ+WKZVs/sfLqPOQ4GrH+0YkjbwOhr8cSTH08gsQ=="  # as npm tells it
_WAITS_S = (2, 10, 30)


def main() -> int:
    try:
        data = _fetched()
    except OSError as error:
        print(f"{_ADDRESS}: {error}", file=sys.stderr)
        return 1
    if base64.b64encode(hashlib.sha512(data).digest()).decode() != _SHA512:
        print(f"{_ADDRESS}: not the file that was pinned: another sha512", file=sys.stderr)
        return 1
    REPLAY.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as package:
        for name in FILES:
            member = package.extractfile(f"package/{name}")
            assert member
            (REPLAY / name).write_bytes(member.read())
    return 0


def _fetched() -> bytes:
    """Return the package. Raises OSError after the last attempt."""
    for wait_s in (*_WAITS_S, None):
        try:
            with urllib.request.urlopen(_ADDRESS, timeout=60) as reply:
                return bytes(reply.read())
        except OSError:
            if wait_s is None:
                raise
            time.sleep(wait_s)
    raise AssertionError


if __name__ == "__main__":
    sys.exit(main())
