"""The package: its files, its dependencies, and that the installed program works."""

from __future__ import annotations

import os
import re
import site
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from crawler import __version__, settings
from tests.crawling import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel and an sdist, made of the files that git knows and new ones."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment with the wheel. The dependencies are those of the test's environment."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    wheel = next(built.glob("*.whl"))
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    return folder / "bin"


def run(*command: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program that must succeed, in an environment that does not lead to the checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SCRAPY"))}
    ran = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, env=environment, **options)
    assert ran.returncode == 0, ran.stderr
    return ran


def data_files() -> set[str]:
    """Files of the package that are not Python, as git knows them."""
    found = {path.relative_to(ROOT).as_posix() for path in (ROOT / "crawler").rglob("*") if path.is_file()}
    return {name for name in found if not name.endswith((".py", ".pyc"))}


def test_version_is_the_newest_of_the_changelog() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest
    assert newest[1] == __version__


def test_user_agent_names_the_version() -> None:
    assert settings.USER_AGENT.startswith(f"dw-archiver/{__version__} ")


def test_requirements_are_those_of_the_package() -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == PROJECT["dependencies"]


def test_documentation_names_every_dependency_and_extra() -> None:
    requirements, readme, contributing = (
        (ROOT / name).read_text("utf-8") for name in ("requirements.txt", "README.md", "CONTRIBUTING.md"))  # fmt: skip
    extras: dict[str, list[str]] = PROJECT["optional-dependencies"]
    for extra, packages in extras.items():
        assert f"'.[{extra}]' ({', '.join(map(name_of, packages))})" in requirements
        assert f"`{extra}` (" in readme
    for package in (*PROJECT["dependencies"], *(package for packages in extras.values() for package in packages)):
        assert name_of(package).lower() in contributing.lower()


def name_of(requirement: str) -> str:
    """Return the name of the package of a requirement."""
    return re.split("[<>=~; ]", requirement)[0]


def test_packages_of_extras_are_there_for_the_tests() -> None:
    lines = (ROOT / "requirements-dev.txt").read_text("utf-8").splitlines()
    assert set(lines) >= {package for extra in PROJECT["optional-dependencies"].values() for package in extra}


def test_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    about = f"dw_archiver-{__version__}.dist-info/"
    assert {name for name in names if not name.startswith(("crawler/", about))} == set()
    assert names >= data_files() > {"crawler/py.typed", "crawler/reader/templates/style.css"}
    assert names >= {path.relative_to(ROOT).as_posix() for path in (ROOT / "crawler").rglob("*.py")}


def test_sdist_holds_no_tests_and_no_archive(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {name.partition("/")[0] for name in names} <= {
        "crawler", "docs", "seeds", ".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml",
        "requirements.txt", "scrapy.cfg",
    }  # fmt: skip
    assert names >= data_files()


def test_installed_package_is_typed_and_of_this_version(installed: Path, tmp_path: Path) -> None:
    code = "import crawler, importlib.metadata as m; print(m.version('dw-archiver'), crawler.__file__)"
    version, _, file = run(installed / "python", "-c", code, cwd=tmp_path).stdout.strip().partition(" ")
    assert version == __version__
    assert Path(file).is_relative_to(installed.parent)
    assert (Path(file).parent / "py.typed").exists()


def test_installed_program_works_in_a_folder_of_its_own(installed: Path, tmp_path: Path) -> None:
    made = run(installed / "dw-archiver", "init", "dw", cwd=tmp_path)
    assert made.stdout.startswith("dw: made dw.toml, scrapy.cfg, seeds/editions.txt, seeds/more.txt\n")
    seeds = "seeds=https://www.dw.com/en/any/a-70000001"
    crawls = [[installed / "dw-archiver", "crawl"], [installed / "python", "-m", "scrapy", "crawl", "dw"]]
    for crawl in crawls:
        ran = run(*crawl, "-a", seeds, "-a", "dry_run=json", cwd=tmp_path / "dw" / "seeds")
        assert "/70000001" in ran.stdout
    assert run(installed / "dw-archiver", "--version", cwd=tmp_path).stdout == f"dw-archiver {__version__}\n"


def test_scrapy_finds_the_installed_package_from_another_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = crawler.settings\n", encoding="utf-8")
    listed = run(installed / "python", "-m", "scrapy", "list", cwd=tmp_path)
    assert (listed.stdout, listed.stderr) == ("dw\n", "")
