"""Downloader middlewares; DOWNLOADER_MIDDLEWARES in `components` has their order."""
