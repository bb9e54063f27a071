"""The figures are those of the index, and an unusable index is reported."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from crawler import times
from crawler.crawl.pastreports import past_reports
from crawler.library import metrics, status
from crawler.storage import layout
from crawler.storage.index import refresh
from crawler.storage.index.agenda import mark as mark_due
from crawler.storage.index.objects import GONE, MISSING, PENDING, UNREADABLE, Scope
from crawler.storage.logline import About, StateRecord
from crawler.storage.opening import open_archive
from crawler.storage.writer import NewFile
from tests.crawling import ROOT, at_ms
from tests.helpers_commands import NOW_MS, archive_of, document, scrapy, store, write
from tests.shares import share

DAY_MS = refresh.DAY_MS
OLD = "2020-02-03T00:00:00.000Z"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two English documents and a Chinese one, old and checked; a young one; a picture; missing, gone and pending objects."""
    root = tmp_path / "archive"
    archive_of(root, document(70000001, date=OLD), document(70000002, date=OLD), document(70000003, date=OLD, language="zh"),
               document(70000004, date="2026-05-31T12:00:00.000Z", language="zh"))  # fmt: skip
    about = About("picture", 71000001, "https://static.dw.com/image/71000001_303.jpg", "2026-06-01")
    store(root, NewFile("images/710/71000001_303.jpg", b"12345", about), states=(
        StateRecord(PENDING, "article", 70000010, times.iso(NOW_MS), hop=0),
        StateRecord(PENDING, "picture", 71000002, times.iso(NOW_MS), rendition="303", url="https://static.dw.com/image/71000002_303.jpg"),
        StateRecord(MISSING, "article", 70000011, times.iso(NOW_MS), misses=1, next_ms=NOW_MS - 1),
        StateRecord(MISSING, "article", 70000012, times.iso(NOW_MS), misses=2, next_ms=NOW_MS + DAY_MS),
        StateRecord(UNREADABLE, "video", 70000013, times.iso(NOW_MS), misses=2, next_ms=NOW_MS + 2 * DAY_MS),
        StateRecord(GONE, "article", 70000014, times.iso(NOW_MS), misses=9, next_ms=NOW_MS - DAY_MS),
    ))  # fmt: skip
    archive = open_archive(root, NOW_MS, "a test")
    for dw_id in (70000001, 70000002, 70000004):
        archive.index.set_checked(dw_id, NOW_MS - 1000, "", "")
    archive.close()
    return root


def report(root: Path, run: str, **facts: Any) -> None:
    """A run report as a crawl writes it."""
    made = {"run": run, "seconds": 75.0, "exit_status": 0, "reason": "finished", "documents": {}, "pictures": {}, **facts}
    (root / layout.RUNS / f"{run}.report.json").write_text(json.dumps(made))


# ---- figures --------------------------------------------------------------------------------------------------------


def test_figures_count_what_the_archive_holds(root: Path) -> None:
    found = scrapy("status", "--json", root=root).json
    assert found["states"] == {
        "article": {"archived": 4, "gone": 1, "missing": 2, "pending": 1},
        "picture": {"archived": 1, "pending": 1},
        "video": {"unreadable": 1},
    }
    assert found["languages"] == {"en": 2, "zh": 2}
    assert found["months"] == {"2026-05": 1, "2020-02": 3}
    assert found["disk"]["pictures"] == {"files": 1, "bytes": 5}
    assert found["disk"]["documents"]["files"] == 4
    assert found["disk"]["documents"]["bytes"] == sum(path.stat().st_size for path in root.glob("*/*/*/*.txt"))


def test_due_objects_are_counted(root: Path) -> None:
    assert scrapy("status", "--json", root=root).json["due"] == {
        "pending_documents": 1,
        "pending_pictures": 1,
        "pending_media": 0,
        "try_again": 2,  # the missing and gone ones that are due
        "try_later": 2,
        "next": "2026-06-02T00:00:00Z",
        "look_again": 1,  # the young one
        "compare": 1,  # the seed document not compared yet
    }


def test_due_agrees_with_the_marks_of_a_run(root: Path) -> None:
    due = scrapy("status", "--json", root=root).json["due"]
    archive = open_archive(root, NOW_MS, "a test")
    mark_due(archive.index, NOW_MS, Scope(-1), refresh.DEFAULT_RULES)
    marked = sum(archive.index.count_due())
    archive.close()
    assert marked == sum(due[name] for name in ("pending_documents", "pending_pictures", "try_again", "look_again", "compare"))


def test_status_prints_tables(root: Path) -> None:
    ran = scrapy("status", root=root)
    assert ran.status == 0
    words = [line.split() for line in ran.out.splitlines()]
    assert ["kind", "pending", "archived", "missing", "gone", "unreadable"] in words
    assert ["all", "2", "5", "2", "1", "1"] in words
    assert ["to", "retry", "later", "2", "the", "first", "at", "2026-06-02T00:00:00Z"] in words
    assert ["pictures", "1", "5", "bytes"] in words
    assert "\x1b" not in ran.out


def test_status_works_while_a_crawl_runs(root: Path) -> None:
    archive = open_archive(root, NOW_MS, "scrapy crawl")
    archive.store_now([], [StateRecord(PENDING, "article", 70000020, times.iso(NOW_MS), hop=0)])
    archive.index.commit()
    ran = scrapy("status", "--json", root=root)
    shown = " ".join(scrapy("status", root=root).out.split())
    archive.close()
    process = f"process {os.getpid()} on {socket.gethostname()}"
    assert f"in use by scrapy crawl ({process}, since 2026-06-01T00:00:00Z) objects" in shown
    assert shown.count(" running") == 1
    assert shown.endswith(" running")
    assert ran.status == 0
    assert ran.json["due"]["pending_documents"] == 2
    assert "scrapy crawl" in ran.json["holder"]
    assert ran.json["holder_alive"] is True
    assert scrapy("status", "--json", root=root).json["holder"] is None


def test_status_distinguishes_a_killed_process_from_a_live_one(root: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    holder = {"pid": dead.pid, "host": socket.gethostname(), "who": "scrapy crawl", "since": "2026-06-01T00:00:00Z"}
    (root / layout.LOCK).write_text(json.dumps(holder), encoding="utf-8")
    assert "was killed, and the next run continues from there\n" in scrapy("status", root=root).out
    (root / layout.LOCK).write_text(json.dumps({**holder, "host": "elsewhere"}), encoding="utf-8")
    assert ", unless that was killed\n" in scrapy("status", root=root).out


def test_titles_of_tables_are_one_line_in_a_pipe(root: Path) -> None:
    lines = scrapy("status", root=root).out.splitlines()
    titles = ["objects", "documents by language", "documents by month", "due in the next run", "on disk", "runs"]
    assert [line for line in lines if line in titles] == titles


@pytest.mark.parametrize("content", [None, b"", b"rubbish" * 1000])
def test_missing_or_damaged_index_is_reported(root: Path, content: bytes | None) -> None:
    (root / layout.INDEX).unlink()
    if content is not None:
        (root / layout.INDEX).write_bytes(content)
    ran = scrapy("status", root=root)
    assert (ran.status, ran.out) == (1, "")
    assert "scrapy reindex rebuilds it" in ran.err
    assert (root / layout.INDEX).exists() is (content is not None), "status makes nothing"


def test_missing_archive_is_reported(tmp_path: Path) -> None:
    ran = scrapy("status", root=tmp_path / "nowhere")
    assert (ran.status, ran.out) == (1, "")
    assert "no archive in" in ran.err
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("command", share(["status --json", "new-seeds", "diff 70000001", "verify"], 2))
def test_archive_on_a_read_only_disk_can_be_read(command: str, root: Path) -> None:
    mount = f"mount --bind '{root}' '{root}' && mount -o remount,bind,ro '{root}'"
    within = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*within, mount], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    words = shlex.join([sys.executable, "-m", "scrapy", *command.split(), "-s", f"ARCHIVE_DIR={root}"])
    ran = subprocess.run([*within, f"{mount} && {words}"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout


# ---- runs -----------------------------------------------------------------------------------------------------------


def test_runs_are_printed(root: Path) -> None:
    report(root, "20260701T000000Z", documents={"new": 10, "revised": 1}, pictures={"stored": 30})
    report(root, "20260702T000000Z", documents={"new": 5}, exit_status=3, sentences=["found little"],
           documents_missing={"status 404": 2}, pictures_missing={"timeout": 1})  # fmt: skip
    ran = scrapy("status", "--runs", root=root)
    first, second = [line for line in ran.out.splitlines() if line.lstrip().startswith("202607")]
    assert first.split() == [*"20260701T000000Z 1 min 15 s 10".split(), "█" * 20, *"1 30 0 0 finished".split()]
    assert second.split()[:10] == ["20260702T000000Z", "1", "min", "15", "s", "5", "█" * 10, "0", "0", "3"]
    assert "! 20260702T000000Z: finished, but some objects are missing or unreadable\n" in ran.out
    assert "! 20260702T000000Z: found little\n" in ran.out
    assert "documents by language" not in ran.out


def test_run_without_report_is_not_hidden(root: Path) -> None:
    (root / layout.RUNS / "20260703T000000Z.jsonl").write_bytes(b"")
    assert scrapy("status", "--runs", "--json", root=root).json[-1] == {
        "run": "20260703T000000Z", "report": False, "running": False,
    }  # fmt: skip
    assert "20260703T000000Z no report" in " ".join(scrapy("status", "--runs", root=root).out.split())


def test_failed_starts_do_not_displace_real_runs(root: Path) -> None:
    report(root, "20260701T000000Z", documents={"new": 10})
    for minute in range(30):
        report(root, f"20260702T00{minute:02}00Z", exit_status=5, reason="could not start", sentences=["it is in use"])
    found = scrapy("status", "--json", root=root).json
    assert found["runs"][-1]["run"] == "20260701T000000Z"
    assert found["failed_starts"] == {"count": 30, "last": "20260702T002900Z", "exit_status": 5, "sentence": "it is in use"}
    said = "! 30 crawls could not start since; the last at 20260702T002900Z, status 5: it is in use\n"
    for option in ("", "--runs"):
        ran = scrapy("status", *filter(None, [option]), root=root)
        assert "20260701T000000Z" in ran.out
        assert said in ran.out


def test_runs_whose_seeds_held_nothing_usable_are_failed_starts(root: Path) -> None:
    report(root, "20260701T000000Z", exit_status=0)
    report(root, "20260702T000000Z", exit_status=1, reason="finished", sentences=["the seeds hold nothing usable: x"])
    found = scrapy("status", "--json", root=root).json
    assert found["runs"][-1]["run"] == "20260701T000000Z"
    assert found["failed_starts"]["sentence"] == "the seeds hold nothing usable: x"


def test_status_of_a_new_archive_shows_no_empty_tables(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "new")
    out = scrapy("status", root=root).out
    assert "nothing is archived or due yet\n" in out
    assert not {"objects", "documents by language", "documents by month", "runs"} & set(out.splitlines())


def test_failed_start_before_the_last_run_is_not_shown(root: Path) -> None:
    report(root, "20260701T000000Z", exit_status=5, reason="could not start", sentences=["it is in use"])
    report(root, "20260702T000000Z")
    assert scrapy("status", "--json", root=root).json["failed_starts"] == {"count": 0}
    assert "could not start" not in scrapy("status", root=root).out


def test_other_commands_are_not_runs(tmp_path: Path) -> None:
    assert scrapy("add", write(tmp_path / "a.txt", document()), root=tmp_path / "new").status == 0
    assert list((tmp_path / "new" / layout.RUNS).glob("*.jsonl"))
    assert scrapy("status", "--runs", "--json", root=tmp_path / "new").json == []


def test_logs_with_an_earlier_name_belong_to_their_run(root: Path) -> None:
    for run in ("20260703T000000Z", "20260703T000001Z"):
        (root / layout.RUNS / f"{run}.states.ndjson").write_bytes(b"")
    report(root, "20260703T000001Z", logs=["20260703T000000Z.states.ndjson", "20260703T000001Z.states.ndjson"])
    assert [run["run"] for run in scrapy("status", "--runs", "--json", root=root).json][-1] == "20260703T000001Z"
    assert "20260703T000000Z" not in scrapy("status", "--runs", root=root).out


def test_reports_older_than_what_is_shown_are_not_read(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    for day in range(1, 6):
        report(root, f"2026070{day}T000000Z")
    (root / layout.RUNS / "20260703T000000Z.report.json").write_bytes(b"damaged")
    assert [one["run"][7] for one in past_reports(root, 2)] == ["4", "5"]
    assert not caplog.records
    assert [one["run"][7] for one in past_reports(root, 3)] == ["2", "4", "5"]
    assert [record.message.endswith("cannot be read") for record in caplog.records] == [True]


@pytest.mark.parametrize("logs", [7, {"a": 1}, [7, None], "x"])
def test_a_damaged_list_of_logs_is_ignored(logs: object, root: Path) -> None:
    report(root, "20260703T000001Z", logs=logs, sentences=7)
    assert scrapy("status", "--json", root=root).json["runs"][-1]["run"] == "20260703T000001Z"


# ---- for Prometheus -------------------------------------------------------------------------------------------------


def samples(root: Path) -> dict[str, float]:
    """Return what a Prometheus server reads from `scrapy status --prometheus`."""
    ran = scrapy("status", "--prometheus", root=root)
    assert (ran.status, ran.err) == (0, "")
    found = {}
    for family in text_string_to_metric_families(ran.out):
        assert family.name.startswith("dw_archiver_")
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        found[family.name.removeprefix("dw_archiver_")] = family.samples[0].value
        assert len(family.samples) == 1
    assert ran.out.count("# TYPE ") == ran.out.count("# HELP ") == len(found)
    return found


def test_prometheus_reads_the_figures(root: Path) -> None:
    report(root, "20260701T000000Z", end="2026-07-01T00:01:15Z")
    report(root, "20260702T000000Z", exit_status=3, end="2026-07-02T00:00:00Z")
    report(root, "20260703T000000Z", exit_status=5, reason="could not start", end="2026-07-03T00:00:00Z")
    (root / next(root.glob("en/*/*/70000001*.txt"))).unlink()
    scrapy("verify", root=root)
    stored = scrapy("status", "--json", root=root).json["disk"]
    assert samples(root) == {
        "documents": 4, "documents_pending": 1, "documents_missing": 3, "documents_gone": 1, "pictures_missing": 0,
        "bytes": sum(found["bytes"] for found in stored.values()),
        "last_run_status": 3, "last_run_timestamp_seconds": at_ms("2026-07-02") // 1000,
        "last_success_timestamp_seconds": at_ms("2026-07-01T00:01:15+00:00") // 1000,
        "verify_damage": 1, "verify_timestamp_seconds": NOW_MS // 1000,
    }  # fmt: skip


def test_events_that_never_happened_have_no_figure(root: Path) -> None:
    always = "documents documents_pending documents_missing documents_gone pictures_missing bytes"
    assert set(samples(root)) == set(always.split())


@pytest.mark.parametrize("facts", [{"end": 7, "exit_status": "0"}, {"end": "x", "exit_status": None}, {"exit_status": True}])
def test_a_damaged_report_gives_no_figure(facts: dict[str, Any], root: Path) -> None:
    report(root, "20260701T000000Z", **facts)
    assert not {name for name in samples(root) if name.startswith("last_run")}


def test_bytes_of_a_large_archive_are_exact() -> None:
    figures = {"states": {}, "disk": {"pictures": {"files": 1, "bytes": 123_456_789_012_345}}}
    assert "dw_archiver_bytes 123456789012345\n" in metrics.text(figures, None, None, None)


# ---- for a person ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "largest", "drawn"), [(0, 5, ""), (5, 5, "█" * 20), (1, 1000, "▏"), (0, 0, ""), (3, 8, "█" * 7 + "▌")]
)
def test_bar_has_the_length_of_its_share(value: int, largest: int, drawn: str) -> None:
    assert status.bar(value, largest) == drawn


@pytest.mark.parametrize(("count", "words"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 KB"), (1_234_567_890, "1.2 GB")])
def test_size_is_shown_in_a_suitable_unit(count: int, words: str) -> None:
    assert status.size(count) == words
