"""Store an archive durably on disk: bytes and records in, paths out."""
