"""Speed, cost and loss, side by side with what one would use instead. Run by `make bench` and `make bench-index`."""

from pathlib import Path

HERE = Path(__file__).parent
WORK = HERE / "work"
"""Sites, archives and the peers' own environments; may be deleted at any time."""


class BenchmarkError(Exception):
    """Something this measurement needs is not there. Ends the run, or the row of one competitor."""
