"""Columns for Arrow equal those that pyarrow makes from the same values."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from crawler.export.columnar import columnar
from tests.crawling import ROOT

MOMENT = pyarrow.timestamp("ms", tz="UTC")
PAIR = pyarrow.struct([("id", pyarrow.int64()), ("path", pyarrow.string())])


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pyarrow.int64(), []), (pyarrow.int64(), [0, -1, 2**63 - 1, -(2**63)]), (pyarrow.int64(), [None, 5, None]),
        (pyarrow.string(), []), (pyarrow.string(), ["", "a", None, "灯", "\0\U0001f600"]), (pyarrow.string(), [None]),
        (pyarrow.bool_(), []), (pyarrow.bool_(), [True, False, False] * 7), (pyarrow.bool_(), [True] * 16),
        (MOMENT, [datetime(1, 1, 1, tzinfo=UTC), None, datetime(9999, 12, 31, 23, 59, 59, 999000, UTC)]),
        (MOMENT, [datetime(1970, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 1000, UTC)]),
        (pyarrow.list_(pyarrow.int64()), [[], [1, 2], [], [3]]), (pyarrow.list_(pyarrow.int64()), []),
        (pyarrow.list_(PAIR), [[{"id": 1, "path": None}], [], [{"id": 2, "path": "a"}, {"id": 3, "path": "é"}]]),
    ],
)  # fmt: skip
def test_column_is_the_one_of_pyarrow(kind: Any, values: list[Any]) -> None:
    made = columnar(pyarrow, kind, values)
    made.validate(full=True)
    assert made.equals(pyarrow.array(values, kind))
    assert made.null_count == pyarrow.array(values, kind).null_count


def test_export_does_not_load_pandas(archive: Path, tmp_path: Path) -> None:
    code = """if True:
        import sys
        from crawler.__main__ import main
        sys.argv = ["dw-archiver", "export", "parquet", "-s", f"ARCHIVE_DIR={sys.argv[1]}", "--to", sys.argv[2]]
        try:
            main()
        finally:
            assert "pyarrow" in sys.modules and "pandas" not in sys.modules
    """
    command = [sys.executable, "-c", code, str(archive), str(tmp_path / "a.parquet")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
