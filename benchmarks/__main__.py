"""`python -m benchmarks`: run all contestants in turn, test what they lose, and write results.json, README.md and
results.svg."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import HERE, WORK, BenchmarkError, kept, losses, measure, peers, report
from benchmarks.contestants import ALL, Contestant
from benchmarks.site import Site, make, serve

Figures = dict[str, Any]
RESULTS = HERE / "results.json"


class Session:
    """One complete measurement; `results` is the content of results.json."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        chosen = options.only.split(",") if options.only else [each.key for each in ALL]
        if unknown := set(chosen) - {each.key for each in ALL}:
            raise BenchmarkError(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(each.key for each in ALL)}")
        self.contestants = [each for each in ALL if each.key in chosen]
        self.results: Figures = {"about": _about(options), "rows": {}}
        # nothing is deleted before the end: for minutes after a deletion, ext4 checks each free inode twice, which would slow
        # down the next contestant that writes files
        WORK.mkdir(exist_ok=True)
        self.out = Path(tempfile.mkdtemp(prefix="out-", dir=WORK))
        self.folders: dict[str, Path] = {}  # the result of each contestant's last round
        for each in self.contestants:
            self.results["rows"][each.key] = {
                "name": each.name, "keeps": each.keeps, "note": each.note, "has_articles": each.count is not None,
                "has_pictures": each.pictures, "runs": [],
            }  # fmt: skip

    def row(self, contestant: Contestant) -> Figures:
        found: Figures = self.results["rows"][contestant.key]
        return found

    def site_for(self, contestant: Contestant) -> Site:
        return make(min(contestant.articles or self.options.articles, self.options.articles))

    def prepare(self) -> None:
        """Install what is missing. A contestant that cannot be installed is left out, and its row says why."""
        versions = {"nginx": peers.version([peers.program("nginx", "nginx-light"), "-v"])}
        for each in list(self.contestants):
            try:
                for name, package in each.programs:
                    versions[name] = peers.version([peers.program(name, package), "--version"])
                if each.environment is not peers.PROJECT:
                    each.environment.install()
                self.site_for(each)
            except BenchmarkError as error:
                self.leave_out(each, str(error))
        self.results["about"]["versions"] = versions

    def leave_out(self, contestant: Contestant, reason: str) -> None:
        print(f"{contestant.key}: left out: {reason}", flush=True)
        self.row(contestant)["problem"] = reason
        self.contestants.remove(contestant)

    def rounds(self) -> None:
        """Run every contestant once in each round; each round begins with a different one."""
        for number in range(self.options.rounds):
            turn = number % max(len(self.contestants), 1)
            for contestant in self.contestants[turn:] + self.contestants[:turn]:
                folder = self.folders[contestant.key] = self.fresh(contestant, f"round-{number + 1}")
                found = self.run(contestant, self.site_for(contestant), folder)
                self.row(contestant)["runs"].append(found)
                print(f"round {number + 1}: {contestant.key:12} {_brief(found)}", flush=True)
                if 0 < found["articles"] < (wanted := self.site_for(contestant).articles):
                    self.row(contestant)["problem"] = f"fetched {found['articles']} of {wanted} articles"
                if not found["objects"]:
                    last = _last_line(folder)
                    self.leave_out(contestant, f"fetched nothing, status {found['status']}: {last}")

    def fresh(self, contestant: Contestant, purpose: str) -> Path:
        folder = self.out / purpose / contestant.key
        folder.mkdir(parents=True)
        return folder

    def run(self, contestant: Contestant, site: Site, folder: Path) -> Figures:
        command = contestant.command(site, folder)
        with serve(site) as traffic:
            run = measure.run(command, folder)
        # trafilatura makes no requests
        counted = contestant.count(folder) if contestant.count and not traffic.objects else 0
        return {
            **dataclasses.asdict(run), "objects": traffic.objects or counted,
            "articles": traffic.replies or counted,
            "requests": traffic.requests, "connections": traffic.connections, "received": traffic.received,
            "per_second": (traffic.objects or counted) / run.seconds,
            "kept_bytes": sum(path.stat().st_size for path in kept.files(folder)),
        }  # fmt: skip

    def look_at_losses(self) -> None:
        for contestant in self.contestants:
            if not contestant.is_keeping:
                continue
            row, site = self.row(contestant), self.site_for(contestant)
            folder = self.folders[contestant.key]
            row["kept"] = {**dataclasses.asdict(contestant.look(folder, site)), "of_pictures": len(site.digests())}
            if contestant.key == "trafilatura":
                continue
            print(f"{contestant.key}: second run, SIGKILL, full disk", flush=True)
            row["second"] = losses.second_run(contestant, site, folder)
            half = statistics.median(run["seconds"] for run in row["runs"]) / 2
            row["killed"] = losses.killed(contestant, site, self.fresh(contestant, "killed"), half)
            try:
                articles = min(self.options.articles, 100)
                half_the_room = row["runs"][-1]["kept_bytes"] * articles // (2 * site.articles)
                row["full"] = losses.full_disk(contestant, articles, self.fresh(contestant, "full"), half_the_room)
            except BenchmarkError as error:
                row["full"] = {"problem": str(error)}
                print(f"full disk skipped: {error}", flush=True)

    def growth(self) -> None:
        """Run this project and bare Scrapy with ten times as many articles."""
        if not self.options.growth:
            return
        site = make(self.options.growth)
        for number in range(2):
            for contestant in [each for each in self.contestants if each.key in ("bare", "dw")]:
                found = self.run(contestant, site, self.fresh(contestant, f"growth-{number + 1}"))
                self.row(contestant).setdefault("growth", []).append(found)
                print(f"growth {number + 1}: {contestant.key:12} {_brief(found)}", flush=True)


def _about(options: argparse.Namespace) -> Figures:
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"), "python": platform.python_version(),
        "cpus": os.cpu_count(), "processor": names[0] if names else platform.machine(), "load": os.getloadavg()[0],
        "rounds": options.rounds, "articles": options.articles, "growth": options.growth,
    }  # fmt: skip


def _brief(found: Figures) -> str:
    megabytes = found["peak_bytes"] / 1e6
    return f"{found['seconds']:7.2f} s, {found['per_second']:7.1f} objects/s, {megabytes:.0f} MB, status {found['status']}"


def _last_line(folder: Path) -> str:
    lines = (folder / "output.log").read_text(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "no output"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--growth", type=int, default=10_000, help="articles of the second site; 0: none")
    parser.add_argument("--only", default="", help="contestants, separated by commas")
    parser.add_argument("--no-losses", action="store_true", help="speed only")
    parser.add_argument("--report-only", action="store_true", help="write the README and the chart again from results.json")
    parser.add_argument("--to", type=Path, default=HERE, help="folder for results.json, README.md and results.svg")
    options = parser.parse_args()
    begin = time.monotonic()
    if options.report_only:
        report.write(json.loads(RESULTS.read_bytes()), options.to)
        return 0
    try:
        session = Session(options)
        try:
            session.prepare()
            session.rounds()
            if not options.no_losses:
                session.look_at_losses()
            session.growth()
        finally:
            shutil.rmtree(session.out, ignore_errors=True)
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    session.results["about"]["minutes"] = round((time.monotonic() - begin) / 60, 1)
    options.to.mkdir(parents=True, exist_ok=True)
    (options.to / RESULTS.name).write_text(json.dumps(session.results, indent=1) + "\n")
    report.write(session.results, options.to)
    print(report.table(session.results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
