"""A crawler and archiver for Deutsche Welle: seeds in, an archive of seed documents out."""

__version__ = "1.2.0"  # as the newest in CHANGELOG.md
