"""Packages that only some formats need: imported when they are used."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from crawler.export.output import ExportError


@contextlib.contextmanager
def needed(package: str, extra: str = "export") -> Iterator[None]:
    """Turn an import error in the block into a message that names the package to install. Raises ExportError."""
    try:
        yield
    except ImportError as error:
        told = "" if isinstance(error, ModuleNotFoundError) else f" ({error})"
        raise ExportError(f"this format needs the package {package}{told}: pip install 'dw-archiver[{extra}]'") from error
