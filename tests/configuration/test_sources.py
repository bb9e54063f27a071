"""Settings from `dw.toml`, the environment and `-s`: which one wins, their types, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crawler import settings as own
from crawler.configuration import names, sources
from crawler.exceptions import ArgumentError
from tests.crawling import ROOT
from tests.helpers_commands import Ran, archive_of, document, scrapy

DEFAULTS = names.of_module(vars(own))


def write(folder: Path, text: str) -> Path:
    path = folder / "dw.toml"
    path.write_text(text, encoding="utf-8")
    return path


def found(folder: Path, **environ: str) -> dict[str, Any]:
    return sources.settings(DEFAULTS, folder, {f"DW_ARCHIVER_{name}": value for name, value in environ.items()})


def test_without_file_and_variables_the_defaults_apply(tmp_path: Path) -> None:
    assert found(tmp_path) == {}


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    write(tmp_path, 'ARCHIVE_DIR = "a"\nSITE_DIR = "s"\n')
    assert found(tmp_path, ARCHIVE_DIR="b") == {"ARCHIVE_DIR": "b", "SITE_DIR": "s"}


def test_file_is_found_from_a_folder_below_and_its_paths_are_relative_to_it(tmp_path: Path) -> None:
    write(tmp_path, 'SITE_DIR = "s"\nLOG_FILE = "/var/log/dw"\n')
    below = tmp_path / "seeds" / "mine"
    below.mkdir(parents=True)
    assert found(below, ARCHIVE_DIR="here") == {
        "ARCHIVE_DIR": "here", "SITE_DIR": str(tmp_path / "s"), "LOG_FILE": "/var/log/dw",
        "ARCHIVE_SEEDS": f"{tmp_path}/seeds/",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "recorded"), [("{}/seeds/", "seeds/"), ("edition:zh", "edition:zh"), ("/x", "/x"), ("{}x/s", "{}x/s")]
)
def test_paths_are_recorded_as_the_file_names_them(
    path: str, recorded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "")
    (tmp_path / "below").mkdir()
    for folder in (tmp_path, tmp_path / "below"):
        monkeypatch.chdir(folder)
        assert sources.recorded(path.format(tmp_path)) == recorded.format(tmp_path)


def test_settings_that_are_not_relative_paths_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, 'ARCHIVE_SEEDS = "edition:zh"\nARCHIVE_DIR = "s3://bucket/prefix"\n')
    (tmp_path / "below").mkdir()
    assert found(tmp_path / "below") == {"ARCHIVE_SEEDS": "edition:zh", "ARCHIVE_DIR": "s3://bucket/prefix"}


@pytest.mark.parametrize(("line", "value"), [
    ('CONTACT = "a@b"', "a@b"), ("ARCHIVE_MIN_FREE = 5", 5), ("DOWNLOAD_DELAY = 2", 2), ("RETRY_TIMES = 1.5", 1.5),
    ('ARCHIVE_KINDS = ["video"]', ["video"]), ("ARCHIVE_REFRESH = [[2, 0]]", [[2, 0]]), ("AUTOTHROTTLE_ENABLED = false", False),
    ('DOWNLOAD_SLOTS = {"a" = {"delay" = 1}}', {"a": {"delay": 1}}), ("CLOSESPIDER_TIMEOUT = 60", 60), ('JOBDIR = "x"', "x"),
    ('SENTRY_DSN = "of an extension"', "of an extension"),
])  # fmt: skip
def test_values_of_the_file_keep_their_types(line: str, value: object, tmp_path: Path) -> None:
    assert list(sources.from_file(write(tmp_path, line), DEFAULTS).values()) == [value]


@pytest.mark.parametrize(("line", "said"), [
    ("ARCHIVE_DIRR = 1", "there is no setting ARCHIVE_DIRR; did you mean ARCHIVE_DIR?"),
    ("ARCHVE_DIR = 1", "there is no setting ARCHVE_DIR; did you mean ARCHIVE_DIR?"),
    ("MEDIA_NONSENSE = 1", "there is no setting MEDIA_NONSENSE"),
    ("DOWNLOAD_DELY = 1", "there is no setting DOWNLOAD_DELY; did you mean DOWNLOAD_DELAY?"),
    ("AUTOTHROTLE_DEBUG = 1", "there is no setting AUTOTHROTLE_DEBUG; did you mean AUTOTHROTTLE_DEBUG?"),
    ('contact = "x"', "contact is not a setting; names of settings are in capital letters; did you mean CONTACT?"),
    ("[archive]\ndir = 1", "archive is not a setting; names of settings are in capital letters"),
    ('ARCHIVE_MIN_FREE = "lots"', "ARCHIVE_MIN_FREE is not a number: 'lots'"),
    ("ARCHIVE_MIN_FREE = true", "ARCHIVE_MIN_FREE is not a number: True"),
    ("ARCHIVE_MIN_FREE = nan", "ARCHIVE_MIN_FREE is not a number: nan"),
    ("ARCHIVE_DIR = 5", "ARCHIVE_DIR is not text: 5"),
    ('ARCHIVE_KINDS = "video"', "ARCHIVE_KINDS is not a list: 'video'"),
    ("AUTOTHROTTLE_ENABLED = 1", "AUTOTHROTTLE_ENABLED is not a switch (true or false): 1"),
    ("DOWNLOAD_SLOTS = []", "DOWNLOAD_SLOTS is not a table: []"),
    ('CLOSESPIDER_TIMEOUT = "x"', "CLOSESPIDER_TIMEOUT is not a number: 'x'"),
    ("ARCHIVE_DIR", "Expected '=' after a key in a key/value pair (at end of document)"),
])  # fmt: skip
def test_message_names_an_invalid_file_and_the_reason(line: str, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, line)
    with pytest.raises(ArgumentError) as caught:
        sources.from_file(path, DEFAULTS)
    assert str(caught.value) == f"{path}: {said}"


def test_message_names_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "dw.toml").write_bytes(b'CONTACT = "\xff"')
    with pytest.raises(ArgumentError, match=r"dw.toml: .*utf-8"):
        found(tmp_path)


@pytest.mark.parametrize(("name", "text", "value"), [
    ("CONTACT", "a@b", "a@b"), ("CONTACT", "", ""), ("ARCHIVE_MIN_FREE", "5", 5), ("DOWNLOAD_DELAY", "0.5", 0.5),
    ("ROBOTSTXT_OBEY", "no", False), ("ROBOTSTXT_OBEY", "True", True), ("ARCHIVE_KINDS", "video, audio", ["video", "audio"]),
    ("ARCHIVE_KINDS", '["video"]', ["video"]), ("ARCHIVE_REFRESH", "[[2, 0]]", [[2, 0]]),
    ("ARCHIVE_REFRESH", '{"2": 0}', {"2": 0}),
    ("DOWNLOAD_SLOTS", '{"a": {}}', {"a": {}}), ("CLOSESPIDER_TIMEOUT", "60", 60), ("HTTPCACHE_ENABLED", "1", True),
])  # fmt: skip
def test_variable_is_read_by_type(name: str, text: str, value: object) -> None:
    assert sources.from_environment({f"DW_ARCHIVER_{name}": text, "OTHER": "x"}, DEFAULTS) == {name: value}


@pytest.mark.parametrize(("name", "text", "said"), [
    ("ARCHIVE_DIRR", "x", "DW_ARCHIVER_ARCHIVE_DIRR: there is no setting ARCHIVE_DIRR; did you mean ARCHIVE_DIR?"),
    ("SENTRY_DSN", "x", "DW_ARCHIVER_SENTRY_DSN: there is no setting SENTRY_DSN"),
    ("ARCHIVE_MIN_FREE", "inf", "DW_ARCHIVER_ARCHIVE_MIN_FREE is not a number: 'inf'"),
    ("ARCHIVE_MIN_FREE", "", "DW_ARCHIVER_ARCHIVE_MIN_FREE is not a number: ''"),
    ("ROBOTSTXT_OBEY", "maybe", "DW_ARCHIVER_ROBOTSTXT_OBEY is not a switch (true or false): 'maybe'"),
    ("DOWNLOAD_SLOTS", "x", "DW_ARCHIVER_DOWNLOAD_SLOTS is not a table: 'x'"),
    ("DOWNLOAD_SLOTS", "[1]", "DW_ARCHIVER_DOWNLOAD_SLOTS is not a table: '[1]'"),
    ("ARCHIVE_KINDS", "[", "DW_ARCHIVER_ARCHIVE_KINDS is not a list: '['"),
])  # fmt: skip
def test_message_names_an_invalid_variable(name: str, text: str, said: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        sources.from_environment({f"DW_ARCHIVER_{name}": text}, DEFAULTS)
    assert str(caught.value) == said


# ---- as programs see it ---------------------------------------------------------------------------------------------


def run(*command: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    environment.pop("SCRAPY_SETTINGS_MODULE", None)  # Scrapy sets it in the process that runs its commands
    arguments = [sys.executable, "-m", *command]
    return subprocess.run(arguments, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


STOCK = ["parse", "fetch", "shell", "view"]  # Scrapy's own, which we replace
PROGRAMS = [("crawler", "new-seeds"), ("scrapy", "new-seeds")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with three archives of one document each; `dw.toml` names the first."""
    folder = tmp_path_factory.mktemp("work")
    for number, name in enumerate(("of-file", "of-environment", "of-option")):
        archive_of(folder / name, document(70000001 + number))
    (folder / "scrapy.cfg").write_text("[settings]\ndefault = crawler.settings\n", encoding="utf-8")
    write(folder, 'ARCHIVE_DIR = "of-file"\n')
    return folder


@pytest.mark.parametrize("program", PROGRAMS)
def test_option_overrides_the_environment_which_overrides_the_file(program: tuple[str, ...], folder: Path) -> None:
    of_file = run(*program, cwd=folder)
    of_environment = run(*program, cwd=folder, DW_ARCHIVER_ARCHIVE_DIR="of-environment")
    of_option = run(*program, "-s", "ARCHIVE_DIR=of-option", cwd=folder, DW_ARCHIVER_ARCHIVE_DIR="of-environment")
    numbers = [ran.stdout.strip()[-8:] for ran in (of_file, of_environment, of_option)]
    assert numbers == ["70000001", "70000002", "70000003"], of_file.stderr


@pytest.mark.parametrize("program", [("crawler", "status"), ("scrapy", "crawl", "dw")])
def test_invalid_variable_gives_one_line_and_status_1(program: tuple[str, ...], folder: Path) -> None:
    ran = run(*program, cwd=folder, DW_ARCHIVER_ARCHIVE_DIRR="x")
    said = "dw-archiver: DW_ARCHIVER_ARCHIVE_DIRR: there is no setting ARCHIVE_DIRR; did you mean ARCHIVE_DIR?\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", said)


@pytest.mark.parametrize("words", [["status"], ["crawl", "dw"], *([name, "https://x.test/"] for name in STOCK)])
def test_invalid_scrapy_option_gives_one_line_and_status_1(words: list[str]) -> None:
    said = f"scrapy {words[0]}: -s: there is no setting DW_WWWW_URL; did you mean DW_WWW_URL?\n"
    assert scrapy(*words, "-s", "DW_WWWW_URL=x") == Ran(1, "", said)


def test_the_users_own_settings_module_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = mine\n", encoding="utf-8")
    (tmp_path / "mine.py").write_text("from crawler.settings import *\nARCHIVE_DIRR = 'x'\n", encoding="utf-8")
    for program in PROGRAMS:
        ran = run(*program, cwd=tmp_path)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert ran.stderr.endswith("there is no setting ARCHIVE_DIRR; did you mean ARCHIVE_DIR?\n")
        assert ran.stderr.count("\n") == 1
