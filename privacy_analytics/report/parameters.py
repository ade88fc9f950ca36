"""A notebook's typed parameters, read from its ``parameters`` cell and checked before any kernel starts."""

from __future__ import annotations

import ast
import difflib
import math
import re
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode

from privacy_analytics.errors import UsageError

_READ = {"str": str, "int": int, "float": float, "bool": {"true": True, "false": False}.__getitem__}
_PLAIN = re.compile(r"[\w .,:&()+/\-]{0,80}")
"""What a text parameter may hold. No @, quotes or braces: a parameter is printed in the notebook that is kept."""


def declared(notebook: NotebookNode) -> dict[str, tuple[str, Any]]:
    """Name -> (type, default) of the cell tagged ``parameters``. Raises UsageError for one that is not typed."""
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    found: dict[str, tuple[str, Any]] = {}
    for statement in ast.parse(cells[0].source).body if cells else []:
        if not (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(statement.annotation, ast.Name)
            and statement.annotation.id in _READ
            and statement.value is not None
        ):
            raise UsageError('Every line of the parameters cell reads `name: type = default`, such as month: str = "".')
        found[statement.target.id] = (statement.annotation.id, ast.literal_eval(statement.value))
    return found


def typed(notebook: NotebookNode, given: Mapping[str, str]) -> dict[str, Any]:
    """The given parameters as values of their declared types.

    Raises UsageError for an unknown name, or a value that is not of its type; the value is not repeated.
    """
    known = declared(notebook)
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise UsageError(f"This notebook has no such parameter.{hint} It has: {', '.join(known) or 'none'}.")
        kind = known[name][0]
        try:
            values[name] = _READ[kind](text)
            if kind == "float" and not math.isfinite(values[name]):
                raise ValueError
        except (ValueError, KeyError):
            raise UsageError(f"Parameter {name} is not a {kind}. Its default is {known[name][1]!r}.") from None
        if kind == "str" and not _PLAIN.fullmatch(text):
            raise UsageError(
                f"Parameter {name} may hold letters, digits, spaces and . , : & ( ) + / - only, at most 80 of them."
            )
    return values
