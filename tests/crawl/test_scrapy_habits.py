"""Scrapy's own commands work as in any project, with the archive's components or without."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.crawl.components import MEANINGLESS
from tests.crawling import PATIENCE_S, QUICK, ROOT, Command, crawl, fresh_site, options
from tests.dwsite import articles as dw
from tests.dwsite.client import Site
from tests.helpers_commands import scrapy as in_process

SECOND = '''
import scrapy


class SecondSpider(scrapy.Spider):
    name = "second"

    def __init__(self, address, **arguments):
        super().__init__(**arguments)
        self.start_urls = [address]

    def parse(self, response):
        yield {"status": response.status, "bytes": len(response.body)}
'''


@pytest.fixture
def site() -> Site:
    return fresh_site()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A copy of the project, to generate spiders in."""
    shutil.copytree(ROOT / "crawler", tmp_path / "project" / "crawler", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "scrapy.cfg", tmp_path / "project")
    yield tmp_path / "project"
    assert not (tmp_path / "project" / "archive").exists()


def scrapy(
    *words: object, site: Site | None = None, cwd: Path = ROOT, env: dict[str, str] | None = None, **settings: object
) -> subprocess.CompletedProcess[str]:
    """`scrapy {words}`. cwd: the project whose code runs. env: variables of the environment beside ours."""
    given = options({**QUICK, **(site.settings if site else {}), **settings})
    if cwd == ROOT:
        return Command(*words[:1], *given, *words[1:], env=env, strict=False).finish()
    command = [sys.executable, "-m", "scrapy", *map(str, words[:1]), *given, *map(str, words[1:])]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=PATIENCE_S, stdin=subprocess.DEVNULL
    )


def api(dw_id: int, site: Site) -> str:
    return f"{site.settings['DW_API_URL']}/api/detail/article/{dw_id}"


# --- other spiders and no spider ---


def test_list_names_the_spider() -> None:
    assert scrapy("list").stdout == "dw\n"


def test_check_finds_nothing_wrong(tmp_path: Path) -> None:
    checked = scrapy("check", ARCHIVE_DIR=tmp_path / "archive")
    assert checked.returncode == 0, checked.stderr
    assert "OK" in checked.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("spider", [(), ("--spider", "dw")])
def test_fetch_prints_a_reply_and_leaves_no_archive(spider: tuple[str, ...], site: Site, tmp_path: Path) -> None:
    fetched = scrapy("fetch", *spider, api(dw.CHAIN[4], site), site=site, ARCHIVE_DIR=tmp_path / "archive")
    assert fetched.returncode == 0, fetched.stderr
    assert json.loads(fetched.stdout)["id"] == dw.CHAIN[4]
    assert "Traceback" not in fetched.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("spider", [(), ("--spider", "dw")])
def test_view_leaves_no_archive(spider: tuple[str, ...], site: Site, tmp_path: Path) -> None:
    env = {"BROWSER": "true", "TMPDIR": str(tmp_path)}  # `true`: the command that does nothing
    page = f"{site.settings['DW_WWW_URL']}/en/any/a-{dw.CHAIN[4]}"
    viewed = scrapy("view", *spider, page, site=site, env=env, ARCHIVE_DIR=tmp_path / "archive")
    assert viewed.returncode == 0, viewed.stderr
    assert "Traceback" not in viewed.stderr
    assert not (tmp_path / "archive").exists()


@pytest.mark.parametrize("spider", [(), ("--spider", "dw")])
def test_shell_evaluates_code_and_leaves_no_archive(spider: tuple[str, ...], site: Site, tmp_path: Path) -> None:
    code = "response.json()['id']"
    shell = scrapy("shell", *spider, "-c", code, api(dw.CHAIN[4], site), site=site, ARCHIVE_DIR=tmp_path / "archive")
    assert shell.returncode == 0, shell.stderr
    assert shell.stdout.strip() == str(dw.CHAIN[4])
    assert "Traceback" not in shell.stderr
    assert not list(tmp_path.iterdir())


def test_generated_spider_runs(project: Path) -> None:
    made = scrapy("genspider", "example", "127.0.0.1", cwd=project)
    assert made.returncode == 0, made.stderr
    assert "Created spider 'example'" in made.stdout
    assert scrapy("list", cwd=project).stdout == "dw\nexample\n"
    ran = scrapy("crawl", "example", cwd=project, RETRY_TIMES=0, ROBOTSTXT_OBEY=0)
    assert ran.returncode == 0, ran.stderr
    assert "'finish_reason': 'finished'" in ran.stderr


def test_second_spider_crawls_and_exports_as_in_any_project(project: Path, site: Site) -> None:
    (project / "crawler" / "spiders" / "second.py").write_text(SECOND)
    address = f"address={api(dw.CHAIN[4], site)}"
    ran = scrapy("crawl", "second", "-a", address, "-O", "items.jsonl", cwd=project, site=site)
    assert ran.returncode == 0, ran.stderr
    assert [json.loads(line)["status"] for line in (project / "items.jsonl").read_text().splitlines()] == [200]
    assert "Dumping Scrapy stats" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_second_spider_that_cannot_start_leaves_no_report(project: Path, site: Site) -> None:
    (project / "crawler" / "spiders" / "second.py").write_text(SECOND)
    (project / "elsewhere" / "runs").mkdir(parents=True)
    ran = scrapy("crawl", "second", cwd=project, site=site, ARCHIVE_DIR="elsewhere")
    assert ran.returncode == 1
    assert "missing 1 required positional argument" in ran.stderr
    assert not list((project / "elsewhere" / "runs").iterdir())


@pytest.mark.parametrize(("words", "said"), [
    (["dww"], "there is no spider 'dww'; did you mean dw?"),
    ([""], "there is no spider ''; scrapy list names them"),
    (["DW"], "there is no spider 'DW'; did you mean dw?"),
    ([], "name one spider: scrapy crawl dw"),
    (["dw", "zh"], "unexpected argument zh; arguments of the spider are written -a NAME=VALUE, as in -a edition=zh"),
    (["dw", "--dry-run"], "unknown option --dry-run; see scrapy crawl --help"),
])  # fmt: skip
def test_invalid_command_line_of_a_crawl_gives_one_line(words: list[str], said: str, tmp_path: Path) -> None:
    ran = in_process("crawl", *words, root=tmp_path / "archive")
    assert (ran.status, ran.out, ran.err) == (1, "", f"scrapy crawl: {said}\n")
    assert not list(tmp_path.iterdir())


def test_invalid_argument_of_the_spider_gives_one_line(tmp_path: Path) -> None:
    ran = scrapy("crawl", "dw", "-a", "seed=x", ARCHIVE_DIR=tmp_path / "archive")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "scrapy crawl: there is no argument seed; did you mean seeds?\n"
    assert not list(tmp_path.iterdir())


def test_help_of_a_crawl_lists_the_arguments_of_the_spider() -> None:
    for words in (["crawl", "--help"], ["crawl", "dw", "--help"]):
        assert "\n  max_articles  " in in_process(*words).out
        assert "\n  scrapy crawl dw -a edition=zh,en\n" in in_process(*words).out


# --- parse ---


def parsed(address: str, site: Site, root: Path) -> subprocess.CompletedProcess[str]:
    shown = scrapy("parse", "--spider", "dw", "--nocolour", address, site=site, ARCHIVE_DIR=root)
    assert shown.returncode == 0, shown.stderr
    assert not root.exists()
    return shown


@pytest.mark.parametrize("dw_id", [dw.CHAIN[4], dw.GERMAN])
def test_parse_shows_the_item_of_an_api_address_and_of_a_page(dw_id: int, site: Site, tmp_path: Path) -> None:
    for address in (api(dw_id, site), f"{site.settings['DW_WWW_URL']}/en/any/a-{dw_id}"):
        shown = parsed(address, site, tmp_path / "archive")
        assert f"'id': {dw_id}" in shown.stdout, shown.stderr
        assert "'html': " in shown.stdout
        assert "Traceback" not in shown.stderr


def test_parse_reports_addresses_without_a_document(site: Site, tmp_path: Path) -> None:
    for address in (f"{site.settings['DW_API_URL']}/api/navigation/en", api(999999999, site)):
        shown = parsed(address, site, tmp_path / "archive")
        assert "'id'" not in shown.stdout


# --- settings without a meaning here ---


@pytest.mark.parametrize(("name", "value"), [("JOBDIR", "job"), ("HTTPCACHE_ENABLED", "1"), ("DEPTH_LIMIT", "3")])
def test_setting_without_effect_gives_one_warning(name: str, value: str, site: Site, tmp_path: Path) -> None:
    given = {name: tmp_path / value if name == "JOBDIR" else value}
    outcome = crawl(tmp_path / "archive", [dw.CHAIN[4]], "depth=0", site=site, settings=given)
    assert outcome.status == 0, outcome.stderr
    assert outcome.stderr.count(f"{name} has no effect here: {MEANINGLESS[name]}\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["archive"]


@pytest.mark.parametrize(("name", "value"), [("HTTPCACHE_ENABLED", "0"), ("HTTPCACHE_ENABLED", "False"), ("DEPTH_LIMIT", "0")])
def test_disabled_setting_gives_no_warning(name: str, value: str, site: Site, tmp_path: Path) -> None:
    outcome = crawl(tmp_path / "archive", [dw.CHAIN[4]], "depth=0", site=site, settings={name: value})
    assert "has no effect here" not in outcome.stderr
