"""Name the states of an object, as the run logs and the index hold them."""

from __future__ import annotations

PENDING, ARCHIVED, MISSING, GONE = "pending", "archived", "missing", "gone"
UNREADABLE, REFUSED, OUT_OF_SCOPE, ALIAS = "unreadable", "refused", "out of scope", "alias"
STATES = (PENDING, ARCHIVED, MISSING, GONE, UNREADABLE, REFUSED, OUT_OF_SCOPE, ALIAS)
REMOVED = "removed"  # in log lines only: a path is no longer part of the archive
SCOPE = "scope"  # in log lines only: what the run wants
