"""`dw-archiver`: which command runs, where, with which settings, and what it does not import."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crawler import __main__, __version__, scrapycommands
from tests.crawling import ROOT
from tests.helpers_commands import Ran, archive_of, document, scrapy

SCRAPYS = {"crawl", "fetch", "parse", "shell", "view"}
"""Scrapy's own commands, which we replace."""


def archiver(*arguments: object, cwd: Path = ROOT) -> Ran:
    """Run `dw-archiver {arguments}` in this process, with captured output."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
        pytest.MonkeyPatch.context() as patch,
    ):  # fmt: skip
        patch.setenv("SCRAPY_SETTINGS_MODULE", "")  # restored afterwards; Scrapy sets it too in its process
        patch.delenv("SCRAPY_SETTINGS_MODULE")
        patch.setattr(sys, "argv", ["dw-archiver", *map(str, arguments)])
        patch.setattr("crawler.streams.secure", lambda: None)  # once for the whole process
        try:
            __main__.main()
        except SystemExit as end:
            return Ran(int(end.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError("a command ends with an exit status")


def test_help_lists_every_command() -> None:
    listed = {line.split()[0] for line in archiver("--help").out.splitlines() if line.startswith("  ")}
    assert listed == {*__main__.offline(), "crawl", "parse"}
    assert listed >= {"add", "diff", "init", "new-seeds", "reindex", "repair", "reread", "search", "site", "status", "verify"}
    assert archiver().out == archiver("--help").out


@pytest.mark.parametrize(("name", "usage"), [("crawl", "crawl [options]"), ("parse", "parse [options] <url>")])
def test_help_of_scrapys_commands_names_this_program(name: str, usage: str) -> None:
    assert f"\n  dw-archiver {usage}\n" in archiver(name, "--help").out


def test_version() -> None:
    assert archiver("--version").out == f"dw-archiver {__version__}\n"


def test_every_command_but_init_is_one_of_scrapys() -> None:
    files = {path.stem for path in Path(scrapycommands.__path__[0]).glob("[a-z]*.py")}
    assert files - SCRAPYS == set(__main__.offline()) - {"init"}


@pytest.mark.parametrize(("name", "said"), [
    ("statsu", "there is no command statsu; did you mean status?"),
    ("craw", "there is no command craw; did you mean crawl?"),
    ("xyzzy", "there is no command xyzzy; dw-archiver --help lists them"),
    ("", "there is no command ; dw-archiver --help lists them"),
])  # fmt: skip
def test_unknown_command_fails_with_one_line(name: str, said: str) -> None:
    assert archiver(name) == Ran(2, "", f"dw-archiver: {said}\n")


@pytest.mark.parametrize("name", [name for name in __main__.offline() if name != "search"])
def test_unknown_option_fails_with_one_line(name: str, tmp_path: Path) -> None:
    ran = archiver(name, "--nonsense", "-s", f"ARCHIVE_DIR={tmp_path}")
    assert ran == Ran(1, "", f"dw-archiver {name}: unknown option --nonsense; see dw-archiver {name} --help\n")


def test_commands_without_requests_do_not_import_scrapy() -> None:
    code = f"""
import sys
from crawler.__main__ import offline, run
assert run(["status", "-s", "ARCHIVE_DIR={ROOT / 'nowhere'}"]) == 1
assert not {{"asyncio", "parsel", "rich", "slugify", "statistics"}} & sys.modules.keys()  # nor what reads pages, or writes
for name in offline():
    try:
        run([name, "--help"])
    except SystemExit:
        pass
assert not {{"scrapy", "twisted", "itemadapter"}} & sys.modules.keys()
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "no archive in" in ran.stderr
    assert ran.stdout.count("usage: dw-archiver ") == len(__main__.offline())


def test_command_prints_the_same_as_under_scrapy(tmp_path: Path) -> None:
    root = archive_of(tmp_path / "archive", document())
    for command in (["new-seeds"], ["verify"], ["diff", "70000001"], ["search", "words", "-nothing"]):
        mine = archiver(*command, "-s", f"ARCHIVE_DIR={root}")
        assert mine == scrapy(*command, root=root)
        assert mine.out


def test_command_works_on_a_named_archive_from_anywhere(tmp_path: Path) -> None:
    archive_of(tmp_path / "archive", document())
    assert archiver("new-seeds", "-s", "ARCHIVE_DIR=archive", cwd=tmp_path).out.startswith("https://www.dw.com/")


@pytest.mark.parametrize("name", ["status", "crawl"])
def test_folder_without_a_project_fails_with_one_line(name: str, tmp_path: Path) -> None:
    ran = archiver(name, cwd=tmp_path)
    assert ran == Ran(1, "", "dw-archiver: no working folder here or above: dw-archiver init FOLDER makes one\n")


def test_crawl_that_a_command_starts_finds_the_settings_without_a_scrapy_cfg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dw.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCRAPY_SETTINGS_MODULE", "")
    monkeypatch.delenv("SCRAPY_SETTINGS_MODULE")
    assert __main__.settings_of([])["ARCHIVE_DIR"]
    assert os.environ["SCRAPY_SETTINGS_MODULE"] == "crawler.settings"


@pytest.mark.parametrize(("option", "said"), [
    ("X", "-s takes NAME=VALUE, not X"),
    ("ARCHIVE_DIRR=x", "-s: there is no setting ARCHIVE_DIRR; did you mean ARCHIVE_DIR?"),
    ("MEDIA_X=1", "-s: there is no setting MEDIA_X"),
    ("ARCHIVE_MIN_FREE=lots", "ARCHIVE_MIN_FREE is not a number: 'lots'"),
])  # fmt: skip
def test_invalid_setting_fails_with_one_line(option: str, said: str) -> None:
    ran = archiver("status", "-s", option)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == f"dw-archiver: {said}\n"


@pytest.mark.parametrize(("module", "said"), [
    ("other", "settings module other is of another project: dw-archiver init FOLDER makes a working folder"),
    ("no.such", "settings module no.such: No module named 'no'"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["status", "crawl"])
def test_folder_of_another_project_fails_with_one_line(module: str, said: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "scrapy.cfg").write_text(f"[settings]\ndefault = {module}\n", encoding="utf-8")
    (tmp_path / "other.py").write_text("BOT_NAME = 'other'\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        assert archiver(name, cwd=tmp_path) == Ran(1, "", f"dw-archiver: {said}\n")
    sys.modules.pop("other", None)


def test_folder_that_was_removed_fails_with_one_line(tmp_path: Path) -> None:
    code = "import os; os.mkdir('x'); os.chdir('x'); os.rmdir('../x'); from crawler.__main__ import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-c", code, "status"]  # -P: Python 3.13.0 imports nothing from a folder that is gone
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (1, "dw-archiver: the current folder has been removed\n")


def test_scrapy_cfg_that_is_damaged_fails_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "scrapy.cfg").write_text("nonsense\n", encoding="utf-8")
    ran = archiver("status", cwd=tmp_path)
    assert ran.status == 1
    assert ran.err.startswith(f"dw-archiver: {tmp_path}/scrapy.cfg: ")
    assert ran.err.count("\n") == 1
