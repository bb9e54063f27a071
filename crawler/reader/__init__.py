"""Make pages for people: an archive as a site of plain files."""

ADDRESS = "127.0.0.1"
"""Where the server listens: for this machine alone."""
