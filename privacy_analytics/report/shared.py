"""Notebooks that others may open: the one that is handed on with a report, and what is left of a run that failed.

Both are built anew from the workspace's notebook; of what was executed only fragments are taken over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.figures import style
from privacy_analytics.gate.fragments import cut
from privacy_analytics.gate.notebook import TAG, Cell, rebuilt

GIVEN = "given"
"""The id of the cell that holds the parameters of a run."""


def given(values: Mapping[str, Any]) -> str:
    """The source of that cell; a folder of this machine is nobody else's business."""
    lines = [f"{name} = {value!r}" for name, value in values.items() if name != "workspace"]
    return "\n".join(["# The parameters of this run.", *lines])


def cells(book: Any, values: Mapping[str, Any], shown: Mapping[str, str] | None = None) -> list[Cell]:
    """The cells of a workspace's notebook, with what each shows by its id, and with the parameters of a run."""
    made: list[Cell] = []
    for number, cell in enumerate(book.cells):
        if cell.cell_type not in ("markdown", "code"):
            continue
        name = str(cell.get("id") or f"cell-{number:02}")
        tagged = TAG in cell.metadata.get("tags", [])
        made.append(Cell(cell.cell_type, name, cell.source, tagged, (shown or {}).get(name, "")))
        if tagged and values:
            made.append(Cell("code", GIVEN, given(values)))
    return made


def outputs(executed: Any) -> dict[str, str]:
    """What each cell shows, as HTML, by the cell's id; whatever is no HTML is left behind."""
    return {
        str(cell.get("id")): "\n".join(
            "".join(output["data"]["text/html"]).removeprefix(f"<style>{style()}</style>")
            for output in cell.outputs
            if "text/html" in output.get("data", {})
        )
        for cell in executed.cells
        if cell.cell_type == "code"
    }


def failed(book: Any, executed: Any, values: Mapping[str, Any], store: ReleaseStore) -> bytes:
    """What may be kept of a run that failed: proven fragments, and the error's name, in the cell that failed."""
    proven = {name: html for name, html in outputs(executed).items() if _is_proven(html, store)}
    left = json.loads(rebuilt(cells(book, values, proven)))
    errors = {
        str(cell.get("id")): {name: output[name] for name in ("output_type", "ename", "evalue", "traceback")}
        for cell in executed.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error"
    }
    for cell in left["cells"]:
        if cell["id"] in errors:
            cell["outputs"].append(errors[cell["id"]])
    return (json.dumps(left, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _is_proven(html: str, store: ReleaseStore) -> bool:
    parts = cut(html, store)
    return not parts.findings and not any(piece.strip() for _, piece in parts.pieces)
