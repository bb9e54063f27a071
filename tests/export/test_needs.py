"""Packages that only some formats need."""

from __future__ import annotations

import pytest

from crawler.export.needs import needed
from crawler.export.output import ExportError


def test_a_missing_package_is_named_with_what_installs_it() -> None:
    said = r"^this format needs the package nosuch: pip install 'dw-archiver\[x\]'$"
    with pytest.raises(ExportError, match=said), needed("nosuch", "x"):
        import nosuch  # type: ignore[import-not-found]  # noqa: F401


def test_a_package_that_cannot_be_loaded_says_why() -> None:
    with pytest.raises(ExportError, match=r"needs the package lib \(its library is broken\): pip"), needed("lib"):
        raise ImportError("its library is broken")


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="odd"), needed("lib"):
        raise ValueError("odd")
