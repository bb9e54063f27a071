"""Read Scrapy's settings and their defaults without importing Scrapy, which takes half a second."""

from __future__ import annotations

from typing import Any


def read() -> dict[str, Any]:
    """Return the defaults by name; None for one that is no plain constant. Empty if Scrapy is not installed."""
    import ast  # imported late, because most commands do not need it
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("scrapy")
    if spec is None or spec.origin is None:
        return {}
    source = (Path(spec.origin).parent / "settings" / "default_settings.py").read_text("utf-8")
    found: dict[str, Any] = {}
    for node in ast.parse(source).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id.isupper():
            value = node.value  # type: ignore[attr-defined]
            try:
                found[target.id] = ast.literal_eval(value)
            except ValueError:
                found[target.id] = None
    return found
