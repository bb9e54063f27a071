"""Figures for Prometheus, from invented ones. test_status.py tests them on an archive."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.library import metrics
from crawler.storage.lastverify import LastVerify

FIGURES: Any = {
    "states": {
        "article": {"archived": 40, "pending": 3, "missing": 2, "gone": 1},
        "video": {"archived": 2, "unreadable": 1, "refused": 1},
        "picture": {"archived": 90, "missing": 7}, "media": {"missing": 9},
    },
    "disk": {"documents": {"files": 42, "bytes": 1000}, "pictures": {"files": 90, "bytes": 122_456_789_012_345}},
}  # fmt: skip
ENDED = {"end": "2026-06-01T00:00:30Z", "exit_status": 3}


def values(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name.removeprefix("dw_archiver_"): value for name, value in (line.split(" ") for line in lines)}


def test_documents_and_pictures_are_counted_apart_and_media_files_not_at_all() -> None:
    assert values(metrics.text(FIGURES, None, None, None)) == {
        "documents": "42", "documents_pending": "3", "documents_missing": "4", "documents_gone": "1", "pictures_missing": "7",
        "bytes": "122456789013345",
    }  # fmt: skip


def test_runs_and_verify_have_the_time_they_ended_or_began() -> None:
    verified = LastVerify("2026-06-01T00:01:00Z", 5, 1, 2)
    found = values(metrics.text(FIGURES, ENDED, {**ENDED, "exit_status": 0}, verified))
    assert found["last_run_status"] == "3"
    assert found["last_run_timestamp_seconds"] == found["last_success_timestamp_seconds"] == "1780272030"
    assert (found["verify_damage"], found["verify_timestamp_seconds"]) == ("5", "1780272060")


def test_every_figure_is_explained_and_typed() -> None:
    lines = metrics.text(FIGURES, ENDED, ENDED, LastVerify("2026-06-01T00:01:00Z", 5, 1, 2)).splitlines()
    assert len(lines) % 3 == 0
    for help_, type_, value in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        name = value.split(" ")[0]
        assert help_.startswith(f"# HELP {name} ")
        assert type_ == f"# TYPE {name} gauge"


ODD = [{"end": 5, "exit_status": "three"}, {"end": "soon", "exit_status": True}, {"exit_status": None}]


@pytest.mark.parametrize("odd", ODD)
def test_a_damaged_report_gives_no_figure(odd: dict[str, Any]) -> None:
    assert not [name for name in values(metrics.text(FIGURES, odd, odd, None)) if name.startswith("last")]
