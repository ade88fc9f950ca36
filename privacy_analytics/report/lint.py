"""A look at a report notebook's code before it runs: what a report has no use for is refused by cell and rule.

This is a guard against accidents, no wall: Python has more ways to a file than a list can name. The wall is enforced
mode, where the kernel belongs to a user who may not open the data.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from privacy_analytics import policy
from privacy_analytics.dp.questions import KINDS
from privacy_analytics.errors import UsageError
from privacy_analytics.policy import Document

OURS = "privacy_analytics"
_ESCAPES = frozenset(
    (
        *("open", "exec", "eval", "compile", "input", "breakpoint", "getattr", "setattr", "delattr", "vars", "globals"),
        *("locals", "get_ipython", "print", "exit", "quit", "help"),
    )
)
_QUESTIONS = frozenset(kind.__name__ for kind in KINDS.values())
_READERS = re.compile(r"(?:read|scan)_\w+")
_MARKUP = re.compile(r"<\s*/?\s*[A-Za-z!]")


def lint(book: Any) -> None:
    """Raise UsageError, with the number of the cell and the rule, for code that no report needs."""
    for number, cell in enumerate(book.cells, start=1):
        if cell.cell_type != "code":
            continue
        try:
            tree = ast.parse(cell.source)
        except (SyntaxError, ValueError):
            rule = "is no plain Python; a report has no magics and no shell commands"
            raise UsageError(f"Cell {number} {rule}. Mend it with `pa lab`.") from None
        for rule in _broken(tree):
            raise UsageError(f"Cell {number} {rule}. A report asks a session and shows its answers, nothing else.")


def check_purposes(book: Any, made: Document) -> None:
    """Raise PolicyError where a notebook asks about a table that none of its purposes may read.

    So it fails before a kernel starts. What is not written down as a constant is refused when it is asked.
    """
    trees = (ast.parse(cell.source) for cell in book.cells if cell.cell_type == "code")
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    purposes = [_purpose(call) for call in calls if _names(call.func) == {"open_session"}]
    if not purposes or None in purposes:
        return
    for call in calls:
        first = call.args[0] if _names(call.func) & _QUESTIONS and call.args else None
        table = first.value if isinstance(first, ast.Constant) else None
        if table in policy.DATASETS and not any(made.allows(str(purpose), table) for purpose in purposes):
            purpose = str(purposes[0])
            raise policy.refusal(purpose, made.datasets(purpose), table)


def _purpose(call: ast.Call) -> str | None:
    """The purpose that a session is opened for; None where that shows only when it runs."""
    if len(call.args) > 2 or any(keyword.arg is None for keyword in call.keywords):
        return None
    named = next((keyword.value for keyword in call.keywords if keyword.arg == "purpose"), ast.Constant("exploration"))
    return str(named.value) if isinstance(named, ast.Constant) else None


def _broken(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and (node.module != OURS or node.level)):
            yield f"imports something; a report writes `from {OURS} import …` and needs no more"
        names = _names(node)
        if any(name.startswith("_") and name != "_" for name in names):
            yield "uses a private name (one that starts with _)"
        if names & _ESCAPES:
            yield "calls open, print, exec, getattr or the like"
        if any(map(_READERS.fullmatch, names)):
            yield "reads a file (read_… or scan_…)"
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _MARKUP.search(node.value):
            yield "writes HTML; figures and tables come from released answers"


def _names(node: ast.AST) -> set[str]:
    """The names that a node says."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Attribute):
        return {node.attr}
    if isinstance(node, ast.alias):
        return {node.name, node.asname or ""}
    return set()
