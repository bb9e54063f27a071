"""Reads the reports of earlier runs from an archive."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from crawler.files import read_file
from crawler.storage import layout

logger = logging.getLogger(__name__)


def past_reports(root: Path, last: int = 20) -> list[dict[str, Any]]:
    """Return the reports of the last runs, oldest first. Unreadable ones are named in the log and left out."""
    found = []
    for path in sorted((root / layout.RUNS).glob("*.report.json"))[-last:]:
        try:
            past = json.loads(read_file(path))
        except (OSError, ValueError, RecursionError):
            past = None
        if isinstance(past, dict):
            found.append(past)
        else:
            logger.warning("%s cannot be read", path)
    return found
