"""Test archives with a second run, SIGKILL and a full disk, each followed by a rerun."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import BenchmarkError, kept, measure
from benchmarks.contestants import ALL, Contestant
from benchmarks.site import Site, make, serve

Figures = dict[str, Any]


def second_run(contestant: Contestant, site: Site, folder: Path) -> Figures:
    """Run the same command again over the result of a first run, with an unchanged site."""
    before = kept.snapshot(folder, contestant.bookkeeping)
    time.sleep(1.1)  # news-please and scrapy-webarchive name files by the second
    with serve(site) as traffic:
        run = measure.run(contestant.command(site, folder), folder)
    after = kept.snapshot(folder, contestant.bookkeeping)
    changed = kept.changed(before, after)
    return {"requests": traffic.requests, "changed": changed, "seconds": run.seconds, "status": run.status}


def killed(contestant: Contestant, site: Site, folder: Path, after_s: float) -> Figures:
    """Kill a run with SIGKILL, then run the same command again."""
    with serve(site) as before:
        first = measure.run(contestant.command(site, folder), folder, kill_after_s=after_s)
    left = contestant.look(folder, site)
    with serve(site) as again:
        rerun = measure.run(contestant.command(site, folder), folder)
    found = contestant.look(folder, site)
    return {
        "articles": site.articles, "pictures": len(site.digests()), "was_killed": first.status == -9, "after_s": after_s,
        "left": dataclasses.asdict(left), "after_rerun": dataclasses.asdict(found), "requests_before": before.requests,
        "requests_rerun": again.requests, "status_rerun": rerun.status,
    }  # fmt: skip


def full_disk(contestant: Contestant, articles: int, folder: Path, size: int) -> Figures:
    """Run a command on a disk of `size` bytes; then enlarge the disk and run it again.

    Raises BenchmarkError if no private mount namespace can be created.
    """
    site = make(articles)
    if not shutil.which("unshare"):
        raise BenchmarkError("needs unshare (util-linux)")
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if probe.returncode:
        raise BenchmarkError("no private mount namespace: root is needed")
    folder.mkdir(parents=True, exist_ok=True)
    begin = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m", "benchmarks.losses"]
    command = [*begin, contestant.key, str(articles), str(folder), str(size)]
    with serve(site):
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent)
    if done.returncode:
        raise BenchmarkError((done.stderr.strip().splitlines() or ["the small disk failed"])[-1])
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def _inside(key: str, articles: int, folder: Path, size: int) -> Figures:
    """Mount the small disk over the folder. This runs in a mount namespace of its own."""
    contestant = next(each for each in ALL if each.key == key)
    site = make(articles)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    first = measure.run(contestant.command(site, folder), folder, limit_s=120)
    (folder / "output.log").unlink(missing_ok=True)
    left = contestant.look(folder, site)
    subprocess.run(["mount", "-o", f"remount,size={size * 20}", str(folder)], check=True)
    rerun = measure.run(contestant.command(site, folder), folder, limit_s=120)
    found = contestant.look(folder, site)
    return {
        "articles": articles, "pictures": len(site.digests()), "bytes": size, "status": first.status,
        "left": dataclasses.asdict(left), "after_rerun": dataclasses.asdict(found), "status_rerun": rerun.status,
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("key")
    parser.add_argument("articles", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("size", type=int)
    options = parser.parse_args()
    print(json.dumps(_inside(options.key, options.articles, options.folder, options.size)))
