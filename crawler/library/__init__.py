"""Read an archive, never write it. `Library` is the public interface for programs; see its example."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.library.library import Document, Library, Picture

__all__ = ["Document", "Library", "Picture"]


def __getattr__(name: str) -> object:
    """Import the public interface when it is used. Commands that use other files of this folder start faster without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from crawler.library import library

    return vars(library)[name]
