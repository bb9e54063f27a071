"""Runs that end early, find the archive busy, find far less than before, or are dry runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawling import PATIENCE_S, ROOT, Command, Running, crawl, fresh_site
from tests.dwsite import articles as dw
from tests.dwsite.client import Site

pytestmark = pytest.mark.usefixtures("client")

IDS = range(dw.FIRST_SYNTHETIC, dw.FIRST_SYNTHETIC + 30)


@pytest.fixture
def site() -> Site:
    """The stand-in with thirty generated articles of two pictures each."""
    site = fresh_site()
    site.options(articles=len(IDS), pictures_per_article=2)
    return site


def tree(root: Path) -> dict[str, bytes]:
    """Bytes by path of everything, logs and all, but the index and the lock."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*") if path.is_file() and not path.name.startswith(("index.sqlite", ".lock"))
    }  # fmt: skip


def seed_list(path: Path, ids: range) -> Path:
    path.write_text("".join(f"https://www.dw.com/en/any/a-{dw_id}\n" for dw_id in ids))
    return path


# --- signals ---


@pytest.mark.parametrize(
    ("number", "after"), [(signal.SIGTERM, 3), (signal.SIGINT, 40)], ids=["SIGTERM after 3 requests", "SIGINT after 40"]
)
def test_a_signal_ends_a_run_cleanly_and_the_next_completes_it(
    number: signal.Signals, after: int, site: Site, tmp_path: Path
) -> None:
    whole = crawl(tmp_path / "whole", IDS, "depth=0", site=site)
    site.fault("/.*", after=after, delay_s=1)  # so that it cannot end by itself before the signal comes
    site.forget()
    root = tmp_path / "archive"
    running = Running(root, IDS, "depth=0", site=site)
    running.signal(number, lambda: len(site.requests()) >= after)
    stopped = running.finish()
    assert stopped.status == stopped.report["exit_status"] == 7
    assert stopped.report["reason"] == "shutdown"
    assert 0 < stopped.report["pending"] <= len(IDS) * 3
    assert not [path for path in tree(root) if ".tmp-" in path]
    assert sorted(line["path"] for line in stopped.log) == sorted(stopped.files)
    assert all(path in whole.files for path in stopped.files)
    assert "Traceback" not in stopped.stderr
    site.clear()
    rest = crawl(root, IDS, "depth=0", site=site)
    assert rest.status == 0
    assert rest.files == whole.files
    assert set((rest.asked() + stopped.asked()).values()) <= {1, 2}
    assert f"{len(stopped.documents)} archived, {stopped.report['pending']} pending, 0 to check again" in rest.stderr
    assert "did not end cleanly" not in rest.stderr


def test_signal_ends_a_waiting_run_at_once(site: Site, tmp_path: Path) -> None:
    site.fault("/api/.*", status=503, headers={"Retry-After": "250"})
    site.forget()
    running = Running(tmp_path, IDS[:3], "depth=0", site=site)
    running.signal(signal.SIGTERM, lambda: any(request["status"] == 503 for request in site.requests()))
    stopped = running.finish()
    assert stopped.status == 7
    assert stopped.report["pending"] == 3
    site.clear()
    assert len(crawl(tmp_path, IDS[:3], "depth=0", site=site).documents) == 3


def test_pending_preview_picture_survives_a_lost_index(site: Site, tmp_path: Path) -> None:
    """The preview of a video: its document does not show it."""
    seed = f"https://www.dw.com/en/any/video-{dw.VIDEO}"
    site.fault("/image/.*", status=503, headers={"Retry-After": "250"})
    site.forget()
    running = Running(tmp_path, seed, "depth=0", site=site)
    running.signal(signal.SIGTERM, lambda: any(request["status"] == 503 for request in site.requests()))
    stopped = running.finish()
    assert (list(stopped.documents), stopped.pictures) == ([dw.VIDEO], {})
    (tmp_path / "index.sqlite").unlink()
    site.clear()
    assert len(crawl(tmp_path, seed, "depth=0", site=site).pictures) == 1


def test_a_signal_ends_a_run_that_waits_for_standard_input(site: Site, tmp_path: Path) -> None:
    options = ["-s", f"ARCHIVE_DIR={tmp_path}", *site.settings_args]
    command = [sys.executable, "-m", "scrapy", "crawl", "dw", "-a", "seeds=-", *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stderr
        assert any(b"0 to check again" in line for line in running.stderr)
        running.send_signal(signal.SIGTERM)
        try:
            assert running.wait(PATIENCE_S) == 7
        finally:
            running.kill()


# --- a busy archive ---


def test_a_second_run_on_a_busy_archive_ends_at_once_and_names_the_holder(site: Site, tmp_path: Path) -> None:
    site.fault("/api/.*", delay_s=1)
    first = Running(tmp_path, IDS, "depth=0", site=site)
    first.signal(signal.SIGCONT, lambda: bool(site.requests()))
    second = Running(tmp_path, [dw.GERMAN], site=site).finish()
    is_still_running = first.is_running()
    site.clear()
    outcome = first.finish()
    assert is_still_running
    assert second.status == second.report["exit_status"] == 5
    reports = [json.loads(path.read_bytes()) for path in (tmp_path / "runs").glob("*.report.json")]
    assert sorted(report["exit_status"] for report in reports) == [0, 5], "each has a report of its own"
    assert f"is in use by scrapy crawl (process {first.pid} on " in second.stderr
    assert "Traceback" not in second.stderr
    assert not any(str(dw.GERMAN) in request["path"] for request in outcome.requests)
    assert outcome.status == 0
    assert len(outcome.documents) == len(IDS)


def test_lock_ends_with_its_process(site: Site, tmp_path: Path) -> None:
    site.fault("/api/.*", delay_s=1)
    first = Running(tmp_path, IDS[:3], "depth=0", site=site)
    first.signal(signal.SIGKILL, lambda: bool(site.requests()))
    assert first.finish().status == -signal.SIGKILL
    site.clear()
    again = crawl(tmp_path, IDS[:3], "depth=0", site=site)
    assert again.status == 0
    assert "did not end cleanly" in again.stderr
    assert len(again.documents) == 3


def test_invalid_argument_is_reported_in_an_archive_and_creates_none(site: Site, tmp_path: Path) -> None:
    none = crawl(tmp_path / "none", IDS[:1], "depth=x", site=site)
    assert (none.status, (tmp_path / "none" / "runs").exists()) == (1, False)
    crawl(tmp_path / "one", IDS[:1], "depth=0", site=site)
    wrong = crawl(tmp_path / "one", IDS[:1], "depth=x", site=site)
    assert wrong.status == wrong.report["exit_status"] == 1
    assert wrong.report["sentences"] == ["depth is not a whole number: 'x'"]


@pytest.mark.parametrize("setting", ["ARCHIVE_MIN_FREEE=1", "ARCHIVE_MIN_FREE=much"])
def test_a_start_that_failed_because_of_a_setting_is_reported(setting: str, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    done = Command("crawl", "dw", "-a", "seeds=7", "-s", f"ARCHIVE_DIR={tmp_path}", "-s", setting).finish()
    [path] = (tmp_path / "runs").glob("*.report.json")
    made = json.loads(path.read_bytes())
    assert (done.returncode, made["exit_status"], made["reason"], made["seeds"]) == (1, 1, "could not start", "7")
    assert done.stderr == f"scrapy crawl: {made['sentences'][0]}\n"


@pytest.mark.parametrize(
    ("dry_run", "is_reported"), [("false", True), ("No", True), ("1", False), ("json", False), ("?", False)]
)
def test_a_failed_start_is_reported_unless_it_may_be_a_dry_run(
    dry_run: str, is_reported: bool, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    wrong = crawl(tmp_path, IDS[:1], "depth=x", f"dry_run={dry_run}", site=site)
    assert wrong.status == 1
    assert bool(wrong.report) == is_reported


@pytest.mark.parametrize("dry_run", ["0", "1"])
def test_a_folder_name_that_is_too_long_ends_a_run_in_one_line(dry_run: str, site: Site, tmp_path: Path) -> None:
    root = tmp_path / ("x" * 300)
    done = Command("crawl", "dw", "-a", f"dry_run={dry_run}", "-a", f"seeds={IDS[0]}", "-s", f"ARCHIVE_DIR={root}").finish()
    assert done.returncode in (1, 6)
    assert "Traceback" not in done.stderr
    assert "File name too long" in done.stderr


# --- suspicious runs ---


def test_run_that_finds_far_less_than_before_is_reported(site: Site, tmp_path: Path) -> None:
    seeds, root = tmp_path / "seeds.txt", tmp_path / "archive"
    settings = {"ARCHIVE_ALERT_MINIMUM": 8}
    for _ in range(3):
        assert crawl(root, seed_list(seeds, IDS[:8]), "depth=0", site=site, settings=settings).status == 0
    few = crawl(root, seed_list(seeds, IDS[:1]), "depth=0", site=site, settings=settings)
    assert few.status == 3
    assert few.stderr.count("the seeds named 1 articles; the median of the last 3 runs is 8") == 1
    assert crawl(root, seed_list(seeds, IDS[:2]), "depth=0", site=site, settings=settings).status == 0


def test_different_seeds_cause_no_alert(site: Site, tmp_path: Path) -> None:
    settings = {"ARCHIVE_ALERT_MINIMUM": 8}
    for _ in range(2):
        crawl(tmp_path, IDS[:8], "depth=0", site=site, settings=settings)
    assert crawl(tmp_path, IDS[:1], "depth=0", site=site, settings=settings).status == 0


# --- no space ---


def test_too_little_free_space_ends_a_run_before_it_begins(site: Site, tmp_path: Path) -> None:
    full = crawl(tmp_path, IDS[:2], "depth=0", site=site, settings={"ARCHIVE_MIN_FREE": 2**60})
    assert full.status == 6
    assert "ARCHIVE_MIN_FREE" in full.stderr
    assert "Traceback" not in full.stderr
    assert not full.requests
    assert not full.files
    assert (full.report["exit_status"], full.report["reason"]) == (6, "could not start")
    assert "ARCHIVE_MIN_FREE" in full.report["sentences"][0]
    assert crawl(tmp_path, IDS[:2], "depth=0", site=site).status == 0


# --- dry run ---


def test_dry_run_prints_requests_with_reasons_and_changes_nothing(site: Site, tmp_path: Path) -> None:
    site.fault(f"/image/{dw.FIRST_SYNTHETIC_PICTURE}_303.jpg", status=500)
    crawl(tmp_path, IDS[:2], "depth=0", site=site, settings={"RETRY_TIMES": 0})
    before = tree(tmp_path)
    dry = crawl(tmp_path, [*IDS[:3], dw.SEED_ZH], f"refresh={IDS[1]}", "dry_run=1", site=site)
    assert dry.status == 0
    assert not site.requests()
    assert tree(tmp_path) == before
    said = dict(line.split("  ", 1) for line in dry.stdout.splitlines() if "://" in line)
    detail = f"{site.api}/api/detail/article"
    assert said == {
        f"{detail}/{IDS[1]}": "archived, to be checked again",
        f"{detail}/{IDS[2]}": "pending, 0 hops from the seeds",
        f"{detail}/{dw.SEED_ZH}": "pending, 0 hops from the seeds",
        f"{site.settings['DW_STATIC_URL']}/image/{dw.FIRST_SYNTHETIC_PICTURE}_303.jpg": "missing (status 500), tried once",
    }
    assert "4 requests would be made" in dry.stdout
    machine = crawl(tmp_path, [*IDS[:3], dw.SEED_ZH], f"refresh={IDS[1]}", "dry_run=json", site=site)
    assert {one["url"]: one["why"] for one in map(json.loads, machine.stdout.splitlines())} == said
    real = crawl(tmp_path, [*IDS[:3]], "refresh=none", site=site)
    assert set(real.articles_asked()) == {IDS[2]}


def test_dry_run_reads_seed_documents_without_storing_them(site: Site, tmp_path: Path) -> None:
    seed = tmp_path / "seed.txt"
    seed.write_text(f"<!--1700000000000-->\n[T](https://www.dw.com/en/T/a-{dw.MISSING})\n------\n\n<p>Words.</p>\n")
    dry = crawl(tmp_path / "archive", seed, "dry_run=1", site=site)
    assert f"/article/{dw.MISSING}  " in dry.stdout
    assert not dry.files
    assert not dry.requests


# --- on its own ---


def test_command_of_the_readme_runs_this_crawl(site: Site, tmp_path: Path) -> None:
    """`scrapy crawl` with the real clock and settings, except for the stand-in's addresses and delay 0."""
    scrapy = Path(sys.executable).parent / "scrapy"
    arguments = ["-a", f"seeds=https://www.dw.com/de/any/a-{dw.GERMAN}", "-a", "depth=0"]
    options = ["-s", f"ARCHIVE_DIR={tmp_path}", "-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=0", *site.settings_args]
    site.forget()
    command = [str(scrapy), "crawl", "dw", *arguments, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0
    assert b"complete (status 0)" in done.stderr
    assert len(list(tmp_path.glob("de/*/*/*.txt"))) == 1
