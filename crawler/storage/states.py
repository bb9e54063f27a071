"""The states of an object, as the run logs and the index name them."""

from __future__ import annotations

PENDING, ARCHIVED, MISSING, GONE = "pending", "archived", "missing", "gone"
UNREADABLE, REFUSED, OUT_OF_SCOPE, ALIAS = "unreadable", "refused", "out of scope", "alias"
STATES = (PENDING, ARCHIVED, MISSING, GONE, UNREADABLE, REFUSED, OUT_OF_SCOPE, ALIAS)
REMOVED = "removed"  # of a log line only: it takes a path out of the archive
SCOPE = "scope"  # of a log line only: it says what a run wants
