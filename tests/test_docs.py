"""Every command and example in README, CONTRIBUTING and docs is run, parsed, or marked with the reason why it is not.

Shell blocks of a page run one after another, in a working folder with a small archive, against the stand-in. A block that
cannot run is marked with a comment `<!-- not run: why -->`. The Python examples of docs/export.md run in tests/export.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crawling import ROOT, fresh_site
from tests.helpers_commands import archive_of, document

PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (
    ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "archive/README.md", *(ROOT / "docs").glob("*.md")))  # fmt: skip
PROGRAMS = ("dw-archiver ", "scrapy ", "make ", "pip ", "pipx ", "uv ", "python ", "python3 ")
TOOLS = ("restic", "rsync", "git", "make")
PATIENCE_S = 300

_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^\n]+) -->\n+)?"
    r"(?:^```(?P<kind>[^\n]*)\n(?P<fenced>.*?)^```$|(?<=\n\n)(?P<indented>(?:^    [^\n]*\n|\n)+))",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A block of code. kind: sh, python, cron ...; name: of the file, if the block has one. reason: why it is not run."""

    page: str
    kind: str
    name: str
    text: str
    reason: str


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page. An indented block is for a shell if it begins with one of our programs or Python's tools."""
    text = (ROOT / page).read_text("utf-8")
    for found in _BLOCK.finditer(text):
        kind, _, name = (found["kind"] or "").partition(" ")
        code = found["fenced"]
        if code is None:
            code = "".join(f"{line.removeprefix('    ')}\n" for line in found["indented"].strip("\n").split("\n"))
            kind = "sh" if code.startswith(PROGRAMS) else "text"
        yield Block(page, kind, name, code, found["reason"] or "")


BLOCKS = [block for page in PAGES for block in blocks(page)]


def of(kind: str) -> list[Block]:
    """Return the blocks of a kind that are to be run or parsed."""
    return [block for block in BLOCKS if block.kind == kind and not block.reason]


# --- the shell ---


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs of this checkout.

    A search that finds nothing and a crawl that misses something count as successful. Programs that run until they are stopped
    or install something only get `--help`.
    """
    folder = tmp_path_factory.mktemp("programs")
    ours = f"""#!/bin/sh
[ "$1" = serve ] && set -- serve --help
[ "$1" = crawl ] && [ "$2" = dw ] && {{ shift 2; set -- crawl "$@"; }}
{shlex.quote(sys.executable)} -m crawler "$@" </dev/null
status=$?
case "$1 $status" in "search 1" | "crawl 3") exit 0;; esac
exit $status
"""
    others = {"make": f'exec {shutil.which("make")} --silent --dry-run -C {shlex.quote(str(ROOT))} "$@" >/dev/null\n'}
    others |= dict.fromkeys(("python", "python3"), f'exec {shlex.quote(sys.executable)} "$@"\n')
    for name, text in {"dw-archiver": ours, "scrapy": ours, **others}.items():
        (folder / name).write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a small archive, and another archive to merge."""
    folder = tmp_path_factory.mktemp("prepared")
    subprocess.run([sys.executable, "-m", "crawler", "init", str(folder)], cwd=ROOT, check=True, capture_output=True)
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/activate").touch()
    picture = "https://images.weserv.nl/?url=static.dw.com/image/71000001_303.jpg"
    archive_of(folder / "archive", document(70000001, title="A harbour"), document(70000002, language="zh", title="Ferry",
               body=f'<img src="{picture}"><p>A ferry, 台灣.</p>'))  # fmt: skip
    (folder / "archive/images/710").mkdir(parents=True)
    archive_of(folder / "other/archive", document(70000003, title="Elsewhere"))
    return folder


def environment(programs: Path, home: Path) -> dict[str, str]:
    """Return the environment in which a page's commands run: the stand-in is DW, and nothing waits."""
    quick = {"ARCHIVE_MIN_FREE": "0", "DOWNLOAD_DELAY": "0", "AUTOTHROTTLE_ENABLED": "0", "RETRY_TIMES": "0"}
    given = {**quick, **{name: str(value) for name, value in fresh_site().settings.items()}}
    return {
        **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        **{f"DW_ARCHIVER_{name}": value for name, value in given.items()},
        "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT), "HOME": str(home),
        "RESTIC_PASSWORD": "a test", "PYTHONWARNINGS": "ignore",
    }  # fmt: skip


@pytest.mark.parametrize("page", sorted({block.page for block in of("sh")}))
def test_shell_blocks_run(page: str, programs: Path, prepared: Path, tmp_path: Path) -> None:
    code = "".join(block.text for block in of("sh") if block.page == page)
    if missing := [tool for tool in TOOLS if re.search(rf"^{tool} ", code, re.MULTILINE) and not shutil.which(tool)]:
        pytest.skip(f"{', '.join(missing)} not installed")
    folder = tmp_path / "work"
    shutil.copytree(prepared, folder)
    code = code.replace("/media/stick", str(tmp_path))
    script = f"set -eE\ntrap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n{code}"
    ran = subprocess.run(["bash", "-c", script], cwd=folder, env=environment(programs, tmp_path), capture_output=True,
                         text=True, timeout=PATIENCE_S)  # fmt: skip
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("block", [one for one in of("python") if one.page != "docs/export.md"], ids=lambda one: one.page)
def test_python_blocks_run(block: Block, prepared: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", block.text], cwd=prepared, env={**os.environ, "PYTHONPATH": str(ROOT)},
                         capture_output=True, text=True, timeout=PATIENCE_S)  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


# --- other files ---


@pytest.mark.parametrize("line", [line for block in of("cron") for line in block.text.splitlines()])
def test_cron_lines_are_valid(line: str) -> None:
    if re.fullmatch(r"[A-Z]+=\S+", line):
        return
    *times, command = line.split(" ", 5)
    limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    assert all(time == "*" or low <= int(time) <= high for time, (low, high) in zip(times, limits, strict=True))
    assert "%" not in command, "cron makes a line end of it"
    assert subprocess.run(["sh", "-n", "-c", command], capture_output=True).returncode == 0


@pytest.mark.parametrize("page", sorted({block.page for block in of("systemd")}))
def test_systemd_units_are_accepted(page: str, tmp_path: Path) -> None:
    units = {block.name: block.text for block in of("systemd") if block.page == page}
    units.setdefault("dw-alert@.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n")
    assert all(name.endswith((".service", ".timer")) for name in units)
    for name, text in units.items():
        (tmp_path / name).write_text(text.replace("/opt/dw-archiver/bin/dw-archiver", "/bin/true"))
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze not installed")
    paths = [tmp_path / name.replace("@", "@test") for name in units]
    ran = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, paths)], capture_output=True, text=True,
                         env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}, timeout=PATIENCE_S)  # fmt: skip
    said = [line for line in ran.stderr.splitlines() if str(tmp_path) in line or any(name in line for name in units)]
    assert (said, ran.returncode) == ([], 0), ran.stderr


@pytest.mark.parametrize("block", [*of("yaml"), *of("json"), *of("toml")], ids=lambda one: one.page)
def test_configuration_is_well_formed(block: Block) -> None:
    if block.kind == "yaml":
        assert pytest.importorskip("yaml").safe_load(block.text)
    else:
        assert json.loads(block.text) if block.kind == "json" else tomllib.loads(block.text)


# --- the pages ---


def test_every_block_is_of_a_kind_that_is_checked() -> None:
    known = {"sh", "python", "cron", "systemd", "yaml", "json", "toml", "text", ""}
    assert {f"{block.page}: {block.kind}" for block in BLOCKS if block.kind not in known and not block.reason} == set()
    hidden = [block for block in BLOCKS if block.kind in ("text", "") and block.text.startswith(PROGRAMS)]
    assert hidden == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        path, _, anchor = "".join(target).partition("#")
        if not path.startswith(("http:", "https:", "mailto:")):
            file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
            assert file.exists(), f"{page}: {path}"
            titles = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE) if anchor else []
            anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
            assert not anchor or anchor in anchors, f"{page}: #{anchor}"


def test_readme_fits_two_screens_before_the_details() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").split("\n## Contents")[0].splitlines()
    assert len(lines) <= 60
