"""Write results.json as Markdown tables between the markers of README.md, and as a chart."""

from __future__ import annotations

import statistics
from html import escape
from pathlib import Path
from typing import Any

from benchmarks import HERE

Figures = dict[str, Any]


def write(results: Figures, to: Path = HERE) -> None:
    """Put the tables and goals into README.md, and draw results.svg beside it."""
    (to / "results.svg").write_text(chart(results))
    picture = "![objects a second](results.svg)"
    parts = [said(results), picture, table(results), losses(results), growth(results), goals(results)]
    put(to / "README.md", "results", "\n\n".join(part for part in parts if part))


def put(readme: Path, marker: str, text: str) -> None:
    """Replace what stands between `<!-- marker -->` and `<!-- /marker -->`; a README without them gets them at its end."""
    begin, end = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    old = readme.read_text() if readme.exists() else ""
    if begin not in old:
        old += f"\n{begin}\n{end}\n"
    before, _, rest = old.partition(begin)
    readme.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}")


def said(results: Figures) -> str:
    about = results["about"]
    programs = "; ".join(about["versions"].values())
    return (
        f"{about['time'][:10]}, {about['processor']}, {about['cpus']} CPUs, Python {about['python']}, "
        f"{about['minutes']} minutes. Load before: {about['load']:.1f}. {about['articles']:,} articles with 3 pictures of "
        f"60 KB each, {about['rounds']} rounds. {programs}."
    )


def _median(row: Figures, name: str) -> float:
    return float(statistics.median(run[name] for run in row["runs"]))


def ratios(results: Figures, key: str, to: str = "bare") -> list[float]:
    """Return the ratio of the objects a second of two contestants, round by round."""
    rows = results["rows"]
    if to not in rows or key not in rows:
        return []
    return [a["per_second"] / b["per_second"] for a, b in zip(rows[key]["runs"], rows[to]["runs"], strict=False)]


def _grid(head: list[str], lines: list[list[str]]) -> str:
    """Return a Markdown table; the first column is text, the others are figures."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))


def table(results: Figures) -> str:
    """Return the table of speed and cost."""
    lines, notes = [], []
    for place, (key, row) in enumerate(results["rows"].items(), 1):
        notes.append(f"{place}. {row['name']}: keeps {row['keeps']}; {row['note']}.")
        if not row["runs"]:
            lines.append([f"{row['name']} ({place})", f"not run: {row.get('problem', '')}", *[""] * 8])
            continue
        speeds = [run["per_second"] for run in row["runs"]]
        received = _median(row, "received")
        lines.append([
            f"{row['name']} ({place})", f"**{statistics.median(speeds):,.0f}**", f"{min(speeds):,.0f} to {max(speeds):,.0f}",
            f"{statistics.median(found):.2f}" if (found := ratios(results, key)) else "",
            f"{statistics.median(run['articles'] / run['seconds'] for run in row['runs']):,.0f}",
            f"{statistics.median(1000 * run['cpu_s'] / max(run['objects'], 1) for run in row['runs']):.2f}",
            f"{max(run['peak_bytes'] for run in row['runs']) / 1e6:.0f}",
            f"{_median(row, 'kept_bytes') / received:.2f}" if received and row["keeps"] != "nothing" else "",
            _pictures(row), f"{len(row['runs'])}" + (f" ({row['problem']})" if row.get("problem") else ""),
        ])  # fmt: skip
    head = ["set-up (note)", "objects/s", "min to max", "to bare", "articles/s", "CPU ms/object", "peak MB", "disk/received",
            "identical pictures", "rounds"]  # fmt: skip
    return _grid(head, lines) + "\n\n" + "\n".join(notes)


def _pictures(row: Figures) -> str:
    found = row.get("kept")
    if not found:
        return ""
    return f"{found['pictures']:,} of {found['of_pictures']:,}" if row["has_pictures"] else "none fetched"


def losses(results: Figures) -> str:
    """Return the table of second runs, SIGKILL and full disks."""
    lines = []
    for row in results["rows"].values():
        if "second" not in row:
            continue
        second, killed, full = row["second"], row["killed"], row["full"]
        line = [
            row["name"], f"{second['requests']:,}", f"{second['changed']:,}", f"{second['seconds']:.1f}",
            _both(row, killed["left"], killed), _both(row, killed["after_rerun"], killed), f"{killed['requests_rerun']:,}",
            f"{killed['after_rerun']['bad']:,}",
        ]  # fmt: skip
        if "problem" in full:
            line += [f"skipped: {full['problem']}", "", ""]
        else:
            line += [f"{full['status']}", f"{full['left']['bad']:,}", f"{full['after_rerun']['bad']:,}"]
            line[-1] += f"; {_both(row, full['after_rerun'], full)}"
        lines.append(line)
    if not lines:
        return ""
    head = ["set-up", "2nd run: requests", "files changed", "s", "killed: kept by then", "after the rerun",
            "its requests", "bad files", "full disk: status", "bad files",
            "after a rerun with room: bad; kept"]  # fmt: skip
    return _grid(head, lines)


def _both(row: Figures, found: Figures, of: Figures) -> str:
    """Return the counts of articles and pictures, without those that the contestant never keeps."""
    kinds = [kind for kind in ("articles", "pictures") if row[f"has_{kind}"]]
    return "; ".join(f"{found[kind]:,} of {of[kind]:,} {kind}" for kind in kinds)


def growth(results: Figures) -> str:
    """Return the table of growth from the usual site to the large one."""
    lines = []
    for row in results["rows"].values():
        if not row.get("growth"):
            continue
        small, large = _per_object_ms(row["runs"]), _per_object_ms(row["growth"])
        memory = [max(run["peak_bytes"] for run in row[name]) / 1e6 for name in ("runs", "growth")]
        lines.append([row["name"], f"{small:.2f}", f"{large:.2f}", f"{100 * (large / small - 1):+.0f} %", f"{memory[0]:.0f}",
                      f"{memory[1]:.0f}", f"{100 * (memory[1] / memory[0] - 1):+.0f} %"])  # fmt: skip
    if not lines:
        return ""
    about = results["about"]
    head = ["growth", f"ms/object at {about['articles']:,}", f"at {about['growth']:,}", "", f"peak MB at {about['articles']:,}",
            f"at {about['growth']:,}", ""]  # fmt: skip
    return _grid(head, lines)


def _per_object_ms(runs: list[Figures]) -> float:
    return float(statistics.median(1000 * run["seconds"] / max(run["objects"], 1) for run in runs))


def goals(results: Figures) -> str:
    """Return the table of goals and results; goals whose contestants did not run are left out."""
    rows = results["rows"]
    ours = rows.get("dw")
    if not ours or not ours["runs"]:
        return ""
    lines: list[list[str]] = []

    def add(goal: str, found: str, is_reached: bool) -> None:
        lines.append([goal, found, "reached" if is_reached else "**missed**"])

    for other, least in (("bare", 1.5), ("lean", 0.6), ("files", 1.5)):
        if found := ratios(results, "dw", other):
            ratio = statistics.median(found)
            add(f"{least} times {rows[other]['name']} or more, in objects a second", f"{ratio:.2f}", ratio >= least)
    mine = statistics.median(run["articles"] / run["seconds"] for run in ours["runs"])
    for other in ("news-please", "fundus"):
        if other in rows and rows[other]["runs"]:
            theirs = statistics.median(run["articles"] / run["seconds"] for run in rows[other]["runs"])
            add(f"more than 5 times {rows[other]['name']}, in articles a second", f"{mine / theirs:.1f}", mine > 5 * theirs)
    if "second" in ours:
        second, killed, full = ours["second"], ours["killed"], ours["full"]
        add("second run, nothing due: under 2 s, no file changed", f"{second['seconds']:.2f} s, {second['requests']} requests, "
            f"{second['changed']} files changed", second["seconds"] < 2 and not second["changed"])  # fmt: skip
        after = killed["after_rerun"]
        lost = killed["articles"] - after["articles"] + killed["pictures"] - after["pictures"]
        add("nothing lost after SIGKILL and a rerun", f"{lost} lost, {after['bad']} bad", not lost and not after["bad"])
        if "problem" not in full:
            bad = full["left"]["bad"] + full["after_rerun"]["bad"]
            add("no bad file after a full disk", f"{bad}", not bad)
    if ours.get("growth"):
        small, large = (max(run["peak_bytes"] for run in ours[name]) / 1e6 for name in ("runs", "growth"))
        add(f"peak memory under 130 MB at {results['about']['growth']:,} articles", f"{large:.0f} MB", large < 130)
        more = 100 * (large / small - 1)
        add(f"memory growth under 10 % from {results['about']['articles']:,}", f"{more:+.1f} %", more < 10)
    return _grid(["goal", "found", ""], lines)


# --- the chart -------------------------------------------------------------------------------------------------------

_BAR, _LEFT, _WIDTH = 26, 370, 420


def chart(results: Figures) -> str:
    """Draw bars of the median objects a second, with a line from the least to the most. A bar far longer than the others is
    cut."""
    rows = [(row["name"].replace("*", ""), row["runs"]) for row in results["rows"].values() if row["runs"]]
    most = max(_longest(rows), default=1.0)
    height = _BAR * len(rows) + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 80}" height="{height}" font-family="sans-serif" '
        f'font-size="13"><rect width="100%" height="100%" fill="white"/><text x="10" y="20">Objects (articles and pictures) a '
        f"second, median; line: least to most</text>"
    ]
    for place, (name, runs) in enumerate(rows):
        y = 36 + place * _BAR
        speeds = [run["per_second"] for run in runs]
        ends = (statistics.median(speeds), min(speeds), max(speeds))
        middle, low, high = (_WIDTH * min(value / most, 1) for value in ends)
        colour = "#0a6fb3" if "this project" in name else "#b9c4cc"
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{_LEFT}" y="{y + 2}" width="{middle:.1f}" height="{_BAR - 8}" fill="{colour}"/>'
            f'<line x1="{_LEFT + low:.1f}" x2="{_LEFT + high:.1f}" y1="{y + 11}" y2="{y + 11}" stroke="black"/>'
            f'<text x="{_LEFT + max(middle, high) + 6:.1f}" y="{y + 15}">{statistics.median(speeds):,.0f}'
            f"{' (cut)' if ends[0] > most else ''}</text>"
        )
    return "\n".join([*parts, "</svg>\n"])


def _longest(rows: list[tuple[str, list[Figures]]]) -> list[float]:
    """Return the bars that set the scale, longest first: without the longest if it is more than twice as long as the next."""
    found = sorted((max(run["per_second"] for run in runs) for _, runs in rows), reverse=True)
    return found[1:] if len(found) > 2 and found[0] > 2 * found[1] else found
