"""Split long tables of cases: every test run takes a share of them, `make torture` takes the rest."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from _pytest.mark.structures import ParameterSet


def share(cases: Iterable[object], every: int, first: int = 0) -> list[ParameterSet]:
    """Return cases as the values of a parametrised test; only one in `every` is not marked as torture.

    cases: each a value, or a tuple of values for several parameters. first: the place of the first one that is not marked.
    """
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=() if at % every == first else pytest.mark.torture)
        for at, case in enumerate(cases)
    ]
