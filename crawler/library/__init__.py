"""Read an archive, never write it. `Library` is the public interface for programs; see its example."""

from crawler.library.library import Document, Library, Picture

__all__ = ["Document", "Library", "Picture"]
