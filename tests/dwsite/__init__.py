"""The stand-in: an imitation of DW on loopback, for tests and `make demo`. All its content is invented (see README.md here)."""
