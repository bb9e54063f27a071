"""A DW of its own on loopback, for tests and for `make demo`: everything it says is invented (see README.md here)."""
