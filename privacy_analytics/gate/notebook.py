"""A notebook that may be handed on: built anew from an allow-list, so that nothing else can be in it.

A cell is its type, id, source and whether it holds the parameters; an output is fragments, proven by the store. Both
the maker and the gate call ``rebuilt``: what the gate reads, built again, must give the very same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.figures import style
from privacy_analytics.gate.findings import Finding, Vouched, digest
from privacy_analytics.gate.fragments import cut
from privacy_analytics.gate.identities import identities

TAG = "parameters"
_ABOUT = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_FORMAT = {"nbformat": 4, "nbformat_minor": 5}


@dataclass(frozen=True)
class Cell:
    """A cell as it is handed on."""

    kind: str
    """``"markdown"`` or ``"code"``."""
    id: str
    source: str
    parameters: bool = False
    shown: str = ""
    """The fragments of its output; empty where it shows nothing."""

    @property
    def digest(self) -> str:
        """What the gate knows a cell by: everything but its output."""
        return digest(json.dumps([self.kind, self.id, self.source, self.parameters]))


def rebuilt(cells: Sequence[Cell]) -> bytes:
    """The notebook of some cells; the first that shows something brings the style sheet for all."""
    first = next((cell for cell in cells if cell.shown), None)
    built = [_cell(cell, styled=cell is first) for cell in cells]
    return _text({"cells": built, "metadata": _ABOUT, **_FORMAT})


def examine(data: bytes, store: ReleaseStore, vouched: Vouched) -> list[Finding]:
    """What keeps a notebook back."""
    try:
        book = json.loads(data.decode("utf-8"))
        raw = cast("list[Any]", book["cells"])
        cells = [_read(cell) for cell in raw]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return [Finding("readable", "file", "this is no notebook of the kind that is handed on")]
    findings = list(_differences(data, book, cells))
    for number, cell in enumerate(cells, start=1):
        place = f"cell {number}"
        if cell.digest not in vouched.cells:
            findings.append(Finding("cells", place, "a cell that the run's notebook does not have, or not so"))
        parts = cut(cell.shown, store)
        if parts.findings or any(piece.strip() for _, piece in parts.pieces):
            what = "an output that is not what its releases give; run the report again"
            findings.append(Finding("fragments", place, what))
    said = "\n".join(_strings(book))
    blocks = [
        (f"cell {number}", cell.source, cell.digest in vouched.shipped) for number, cell in enumerate(cells, start=1)
    ]
    return findings + list(identities(said, vouched, blocks))


def _cell(cell: Cell, *, styled: bool) -> dict[str, Any]:
    about: dict[str, Any] = {"tags": [TAG]} if cell.parameters else {}
    built: dict[str, Any] = {"cell_type": cell.kind, "id": cell.id, "metadata": about, "source": cell.source}
    if cell.kind == "markdown":
        return built
    shown = (_style() if styled else "") + cell.shown
    outputs = [{"data": {"text/html": shown}, "metadata": {}, "output_type": "display_data"}] if cell.shown else []
    return built | {"execution_count": None, "outputs": outputs}


def _read(raw: Any) -> Cell:
    """What a cell would be if nothing else were in it; raises what bad JSON makes it raise."""
    kind = str(raw["cell_type"])
    outputs = raw["outputs"] if kind == "code" else []
    shown = "".join("".join(output["data"]["text/html"]) for output in outputs)
    return Cell(
        "markdown" if kind == "markdown" else "code",
        str(raw["id"]),
        str(raw["source"]),
        TAG in raw["metadata"].get("tags", []),
        shown.removeprefix(_style()),
    )


def _differences(data: bytes, book: Any, cells: list[Cell]) -> Iterator[Finding]:
    """Where the notebook holds more, or other, than what is handed on."""
    whole = rebuilt(cells)
    if whole == data:
        return
    what = "a key, a tag, metadata, an attachment, a result or an output that a shared notebook does not have"
    expected = json.loads(whole)
    found = [
        f"cell {number}"
        for number, (has, may) in enumerate(zip(book["cells"], expected["cells"], strict=True), start=1)
        if _text(has) != _text(may)
    ]
    if {name: book[name] for name in book if name != "cells"} != {n: expected[n] for n in expected if n != "cells"}:
        found.append("notebook metadata")
    for place in found or ["file"]:
        yield Finding("keys", place, what)


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, names of keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _strings(each)
    elif isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            yield name
            yield from _strings(each)


def _style() -> str:
    return f"<style>{style()}</style>"


def _text(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
