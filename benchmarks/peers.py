"""Install what the other tools need: a Python environment for each, at pinned versions, and system programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks import WORK, BenchmarkError


@dataclass(frozen=True)
class Environment:
    """A virtual environment below the work folder with packages from pip, made on first use."""

    name: str
    requirements: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return WORK / "environments" / self.name

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    def install(self) -> None:
        """Install the packages. Raises BenchmarkError with pip's reason."""
        marker = self.folder / "requirements.txt"
        wanted = "\n".join(self.requirements)
        with suppress(OSError):
            if marker.read_text() == wanted:
                return
        print(f"installing {' '.join(self.requirements)}", flush=True)
        venv.create(self.folder, with_pip=True, clear=True)
        command = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *self.requirements]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
            raise BenchmarkError(f"cannot be installed: {reasons[-1][:200]}")
        marker.write_text(wanted)


PROJECT = Environment("project", ())
"""The environment that runs the benchmarks; it is not made here."""

NEWS_PLEASE = Environment("news-please", ("news-please==1.6.16", "jieba==0.42.1", "Scrapy==2.19.0"))
FUNDUS = Environment("fundus", ("fundus==0.5.7", "curl_cffi==0.15.0"))
# with a Twisted later than 24.7, Scrapy 2.11 downloads nothing and exits with status 0
WEBARCHIVE = Environment("scrapy-webarchive", ("scrapy-webarchive==0.5.3", "Scrapy==2.11.2", "w3lib==2.4.1", "Twisted==24.7.0"))
# lxml_html_clean: fundus requires it as an extra of lxml, which lxml no longer has
TRAFILATURA = Environment("trafilatura", ("trafilatura==2.3.1", "lxml_html_clean==0.4.6"))


def python_of(environment: Environment) -> str:
    """Return the interpreter of an environment."""
    return sys.executable if environment is PROJECT else environment.python


def program(name: str, package: str) -> str:
    """Return the path of a program. If it is missing, it is installed from Debian if that is allowed.

    Raises BenchmarkError naming the package.
    """
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    found = shutil.which(name, path=places)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing {package} from Debian", flush=True)
        with suppress(subprocess.CalledProcessError):
            for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", package]):
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = shutil.which(name, path=places)
    if found is None:
        raise BenchmarkError(f"{name} is needed: apt-get install {package}")
    return found


def version(command: list[str]) -> str:
    """Return the first line that a program prints about its version."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[0] if done.stdout or done.stderr else ""
