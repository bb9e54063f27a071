"""The examples of docs/export.md do what the page says."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawling import ROOT
from tests.helpers_commands import scrapy

PAGE = (ROOT / "docs/export.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(python|sh)\n(.*?)```", PAGE, re.DOTALL)
SAYS = {"duckdb": "2026-05", "pandas": "the", "dask": "zh", "fastwarc.warc": "zh/2026/05/",
        "zh.atom": "河边的灯笼", "zh.zim": "True 2 ['zh/2026/05/"}
"""By a word of an example, a word of what it prints."""


@pytest.fixture(scope="module")
def exports(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the exports that the examples name."""
    folder = tmp_path_factory.mktemp("exports")
    for arguments in (
        ["jsonl", "--to", "dw.jsonl"], ["parquet", "--to", "dw.parquet"],
        ["parquet", "--to", "dw", "--partition", "language,year"], ["bagit", "--to", "dw-bag"],
        ["warc", "--to", "dw.warc.gz"], ["atom", "--to", "feeds", "--base-url", "https://mirror.example/"],
        ["zim", "--language", "zh", "--to", "zh.zim"],
    ):  # fmt: skip
        given = (folder / one if before == "--to" else one for before, one in itertools.pairwise(["", *arguments]))
        ran = scrapy("export", *given, root=archive)
        assert ran.status == 0, ran.err
    return folder


@pytest.mark.parametrize(("kind", "code"), EXAMPLES, ids=[code.split()[kind == "python"] for kind, code in EXAMPLES])
def test_example_runs_and_prints_what_it_should(kind: str, code: str, exports: Path) -> None:
    assert len(code.splitlines()) <= 6
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", code] if kind == "python" else ["sh", "-ec", code]
    ran = subprocess.run(command, cwd=exports, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    for word, said in SAYS.items():
        assert word not in code or said in ran.stdout


def test_every_format_is_on_the_page() -> None:
    from crawler.export import formats

    assert set(re.findall(r"^    dw-archiver export ([a-z]+)", PAGE, re.MULTILINE)) == set(formats.NAMES)
