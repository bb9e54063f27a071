"""trafilatura's extraction alone, from pages on disk: `trafilatura_job.py LIST TO`. No network, no pictures."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import sys
from pathlib import Path

from trafilatura import extract


def main(pages: str, to: str) -> None:
    for page in Path(pages).read_text().splitlines():
        text = extract(Path(page).read_bytes(), output_format="xml", with_metadata=True, include_images=True)
        if text:
            (Path(to) / f"{Path(page).name}.xml").write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
