"""What is on disk, durably: bytes and records in, paths out."""
