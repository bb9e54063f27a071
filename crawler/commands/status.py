"""`scrapy status`: what the archive holds, what is due, how the last runs went."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from typing import Any

from crawler import clock, times
from crawler.console import ArchiveCommand, CommandError, console, counted, print_table
from crawler.crawl import drift
from crawler.crawl.pastreports import is_crawl, last_success, past_reports
from crawler.exceptions import COMPLETE, STATUS_WORDS
from crawler.library import metrics, status
from crawler.storage import lastverify, layout, lock
from crawler.storage.index import refresh
from crawler.storage.index.objects import STATES
from crawler.streams import print_json

_RUNS = 20  # with --runs
_LAST_RUNS = 5
_MONTHS = 12
_WIDE = 100  # columns of a terminal


_USED = {
    True: "in use by {}",
    False: "not in use; {} was killed, and the next run continues from there",
    None: "in use by {}, unless that was killed",
}


class Command(ArchiveCommand):
    """Reads the index and takes no lock. While a crawl runs, it shows what the crawl has committed."""

    def short_desc(self) -> str:
        return "Show what the archive holds, what is due, and how the last runs went"

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--runs", action="store_true", help=f"only the last {_RUNS} crawls, in more detail")
        parser.add_argument("--prometheus", action="store_true", help="print figures for Prometheus (docs/monitoring.md)")

    def execute(self, args: list[str], opts: Namespace) -> int:
        try:
            rules = refresh.rules_of(self.settings.getdictorlist("ARCHIVE_REFRESH"))
        except ValueError as error:
            raise CommandError(str(error)) from error
        root = self.existing_root()
        reports = past_reports(root, _RUNS)
        crawls, others = ([one for one in reports if is_crawl(one) is kind] for kind in (True, False))
        if opts.prometheus:
            with self.open_index() as index:
                figures = status.figures(index, clock.now_ms(), rules)
            last = crawls[-1] if crawls else None
            print(metrics.text(figures, last, last_success(root), lastverify.read(root)), end="")
            return COMPLETE
        runs = status.runs(root, crawls, others, _RUNS)
        failed_starts = status.failed_starts(others, runs[-1]["run"] if runs else "")
        holder = lock.holder(root / layout.LOCK)
        now = running(runs, holder)
        for run in runs:
            run["running"] = run["run"] == now
        if opts.runs:
            print_json(runs) if opts.json else print_runs(runs, failed_starts)
            return COMPLETE
        with self.open_index() as index:
            figures = status.figures(index, clock.now_ms(), rules)
        figures = {"archive": str(root), "holder": holder.described if holder else None,
                   "holder_alive": holder.is_alive if holder else None, **figures}  # fmt: skip
        figures |= {"runs": runs[-_LAST_RUNS:], "failed_starts": failed_starts}
        figures["drift"] = [drift.figures(report) for report in crawls[-_LAST_RUNS:]]
        print_json(figures) if opts.json else print_figures(figures)
        return COMPLETE


def running(runs: list[dict[str, Any]], holder: lock.Holder | None) -> str:
    """Return the run in progress, '' for none: the last one without a report, begun by the present holder of the lock."""
    last = str(runs[-1]["run"]) if runs and not runs[-1]["report"] else ""
    return last if holder and holder.is_alive and last >= re.sub("[-:]", "", holder.since) else ""


def print_figures(figures: dict[str, Any]) -> None:
    """Print the figures as tables."""
    print(f"archive {figures['archive']}")
    if figures["holder"]:
        print(_USED[figures["holder_alive"]].format(figures["holder"]))
    print()
    states = [state for state in STATES if state in status.totals(figures["states"])]
    if not states:
        print("nothing is archived or due yet\n")
    kinds = figures["states"].items()
    if len(figures["states"]) > 1:
        kinds = [*kinds, ("all", status.totals(figures["states"]))]
    print_table("objects", ["kind", *states], [[kind, *(counts.get(state, "") for state in states)] for kind, counts in kinds])
    print_counts("documents by language", figures["languages"])
    print_counts("documents by month", figures["months"], _MONTHS)
    due = figures["due"]
    rows = [
        ("documents pending", due["pending_documents"], ""),
        ("pictures pending", due["pending_pictures"], ""),
        ("media files pending", due["pending_media"], "for a run with media=1" if due["pending_media"] else ""),
        ("to retry", due["try_again"], ""),
        ("to retry later", due["try_later"], f"the first at {due['next']}" if due["next"] else ""),
        ("to revisit", due["look_again"], ""),
        ("to compare with DW", due["compare"], ""),
    ]
    print_table("due in the next run", ["what", "count", ""], rows)
    sizes = [(what, found["files"], status.size(found["bytes"])) for what, found in figures["disk"].items()]
    files, size = (sum(found[of] for found in figures["disk"].values()) for of in ("files", "bytes"))
    print_table("on disk", ["what", "files", "size"], [*sizes, ("all", files, status.size(size))])
    print_runs(figures["runs"], figures["failed_starts"])
    print_drift(figures["drift"])


def print_drift(runs: list[dict[str, Any]]) -> None:
    """Print where the documents of the last runs came from, and what could not be read; nothing if api.dw.com gave all."""
    signs = ("unreadable", "skipped_elements", "unknown_keys")
    odd = [run for run in runs if set(run["places"]) - {"api"} or any(run[sign] for sign in signs)]
    if not odd:
        return
    rows = [[run["run"], _named(run["places"]), run["unreadable"] or "", _named(run["skipped_elements"]),
             ", ".join(run["unknown_keys"])] for run in odd]  # fmt: skip
    print_table("replies", ["run", "documents from", "unreadable", "skipped elements", "new keys"], rows)


def _named(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def print_counts(title: str, counts: dict[str, int], most: int | None = None) -> None:
    """Print a table of counts with bars. most: how many rows are shown; the others are summed up in one."""
    largest = max(counts.values(), default=0)
    rows = [(name, count, status.bar(count, largest)) for name, count in list(counts.items())[:most]]
    if most and len(counts) > most:
        rows.append((f"{len(counts) - most} more", sum(list(counts.values())[most:]), ""))
    print_table(title, ["", "count", ""], rows)


def print_runs(runs: list[dict[str, Any]], failed_starts: dict[str, Any]) -> None:
    """Print the runs, oldest first, then the problems of each, and how many could not start since the last one."""
    if not runs:
        print("no crawl has run yet")
    largest = max((run.get("new", 0) for run in runs), default=0)
    width = 20 if console().width >= _WIDE else 6
    rows = [_row(run, status.bar(run.get("new", 0), largest, width)) for run in runs]
    print_table("runs", ["start", "took", "new", "", "rev.", "pict.", "miss.", "status", "reason"], rows)
    for run in runs:
        for sentence in run.get("windows", []):
            print(f"  {run['run']}: {sentence}")
        said = [STATUS_WORDS.get(run["exit_status"], "")] if run.get("exit_status") else []
        for sentence in [*said, *run.get("sentences", [])]:
            print(f"! {run['run']}: {sentence}")
    if failed_starts["count"]:
        print(f"! {counted(failed_starts['count'], 'crawl')} could not start since; the last at {failed_starts['last']}, status"
              f" {failed_starts['exit_status']}: {failed_starts['sentence']}")  # fmt: skip


def _row(run: dict[str, Any], bar: str) -> list[object]:
    if not run["report"]:  # it was killed, or is still running
        return [run["run"], "", "", "", "", "", "", "", "running" if run["running"] else "no report"]
    return [run["run"], times.duration(run["seconds"]), run["new"], bar, run["revised"], run["pictures"], run["missing"],
            run["exit_status"], run["reason"]]  # fmt: skip
