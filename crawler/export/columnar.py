"""Make Arrow columns from Python values.

`pyarrow.array` does this too, but loads pandas if it is installed, which takes a second and 100 MB.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def columnar(arrow: Any, kind: Any, values: Sequence[Any]) -> Any:
    """Return an Arrow array of values.

    arrow: the module pyarrow. kind: int64, bool, string, a timestamp in milliseconds, a list, or a struct. values: of that kind
    (datetimes, lists, dictionaries for the last three); None for null, except among flags, lists and structs.
    """
    is_kind, count = arrow.types, len(values)
    if is_kind.is_list(kind):
        inner = columnar(arrow, kind.value_type, [one for value in values for one in value])
        return arrow.Array.from_buffers(kind, count, [None, _ends(arrow, values)], children=[inner])
    if is_kind.is_struct(kind):
        fields = [columnar(arrow, field.type, [value[field.name] for value in values]) for field in kind]
        return arrow.Array.from_buffers(kind, count, [None], children=fields)
    if is_kind.is_boolean(kind):
        return arrow.Array.from_buffers(kind, count, [None, _bits(arrow, values)])
    known = _bits(arrow, [value is not None for value in values]) if None in values else None
    if is_kind.is_string(kind):
        data = [(value or "").encode() for value in values]
        return arrow.Array.from_buffers(kind, count, [known, _ends(arrow, data), arrow.py_buffer(b"".join(data))])
    if is_kind.is_timestamp(kind):
        values = [value and (value - _EPOCH) // _MILLISECOND for value in values]
    numbers = array("q", [value or 0 for value in values])
    return arrow.Array.from_buffers(kind, count, [known, arrow.py_buffer(numbers)])


def _ends(arrow: Any, values: Sequence[Sequence[Any]]) -> Any:
    return arrow.py_buffer(array("i", accumulate(map(len, values), initial=0)))


def _bits(arrow: Any, flags: Sequence[bool]) -> Any:
    """Return flags as a bitmap, the first one in the lowest bit."""
    number = int("".join("1" if flag else "0" for flag in reversed(flags)) or "0", 2)
    return arrow.py_buffer(number.to_bytes(len(flags) // 8 + 1, "little"))
