"""Releases as CSV for spreadsheets and as JSON for programs: public fields alone, exact released values."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import UsageError
from privacy_analytics.figures import judged, render
from privacy_analytics.figures.bounds import bounds, clipped
from privacy_analytics.figures.clauses import where
from privacy_analytics.figures.cohorts import who
from privacy_analytics.figures.format import key_words
from privacy_analytics.figures.words import title

COLUMNS = ("value", "low", "high", "status", "unit", "period", "source")
"""What follows the columns of the key in every CSV."""
TOGETHER = ("counted", "key", *COLUMNS)
"""The header of several releases in one CSV."""
NUMBERS = ("value", "low", "high")
METHOD = (
    "Each value carries random noise that protects every single account; low and high hold the value without noise "
    "in 95 of 100 cases."
)
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠﹦﹢﹣﹫−]")
"""How a text starts that a spreadsheet would run (OWASP, CSV Injection), also in full-width and small forms."""
_ID = re.compile(r"[\w-]+")


def to_csv(release: Release) -> bytes:
    """UTF-8, a header and one line a cell: the key, then ``COLUMNS``; RFC 4180 quoting, lines end in LF.

    A text that a spreadsheet would take for a formula gets an apostrophe in front, and control characters become
    spaces. Numbers stay numbers; what is too small to show has none. ``source`` is the release's id, or such as
    ``share(r-1,r-2)``.
    """
    header = [f"{name}_key" if name in COLUMNS else name for name in release.by]
    return _written([*header, *COLUMNS], ([*cell.key, *ends] for cell, ends in _lines(release)))


def to_csv_together(releases: Sequence[Release]) -> bytes:
    """Several stored releases as one table with the header ``TOGETHER``: what was counted, and the key in words."""
    rows = (
        [f"{title(release)}{where(release)}: {who(release)}", key_words(cell.key, release.by), *ends]
        for release in releases
        for cell, ends in _lines(release)
    )
    return _written(TOGETHER, rows)


def to_json(release: Release) -> bytes:
    """UTF-8, one object: title, unit, month, by, cells (key, value, low, high, status), source, method."""
    return _json(_said(release))


def claim_to_json(spec: Mapping[str, Any], store: ReleaseStore) -> bytes:
    """A quotable sentence with every number that it was made from: sentence, claim (its specification), numbers.

    ``spec`` is that of a fragment ``claim``. Raises NotFound, and UsageError where the numbers do not support it.
    """
    if spec.get("render") != "claim":
        raise UsageError("This is no quotable sentence.")
    render(spec, store)  # which refuses an option that is none, and what the numbers do not support
    releases = [store.evaluate(expression) for expression in spec["of"]]
    (said,) = judged([spec["options"]["claim"]], releases, spec["options"]["offered"])
    claim = json.loads(json.dumps(spec, sort_keys=True))
    return _json({"sentence": said.text, "numbers": [_said(release) for release in releases], "claim": claim})


def _said(release: Release) -> dict[str, Any]:
    method = " ".join(filter(None, (METHOD, bounds(release), clipped(release))))
    return {
        "title": title(release),
        "unit": release.unit,
        "month": release.month,
        "by": list(release.by),
        "cells": [{"key": list(cell.key), **_numbers(cell), "status": cell.status} for cell in _public(release)],
        "source": write_source(release.expression),
        "method": method,
    }


def _json(said: Mapping[str, Any]) -> bytes:
    return (json.dumps(said, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def write_source(expression: str | dict[str, Any]) -> str:
    """An expression over releases as one word: ``r-1``, ``share(r-1,add(r-2,r-3))``."""
    if isinstance(expression, str):
        return expression
    return f"{expression['op']}({','.join(map(write_source, expression['of']))})"


def read_source(text: str) -> str | dict[str, Any]:
    """The expression that ``write_source`` wrote. Raises UsageError for anything else."""
    expression, rest = _read(text, 50)
    if rest:
        raise UsageError("This is no source of a number: it names releases, or an operation on some.")
    return expression


def _read(text: str, deepest: int) -> tuple[Any, str]:
    found = _ID.match(text)
    if found is None or not deepest:
        raise UsageError("This is no source of a number: it names releases, or an operation on some.")
    name, rest = found[0], text[found.end() :]
    if not rest.startswith("("):
        return name, rest
    operands: list[Any] = []
    while rest[:1] in ("(", ","):
        operand, rest = _read(rest[1:], deepest - 1)
        operands.append(operand)
    if not rest.startswith(")"):
        raise UsageError("This is no source of a number: it names releases, or an operation on some.")
    return {"op": name, "of": operands}, rest[1:]


def _lines(release: Release) -> Iterable[tuple[Cell, list[Any]]]:
    """Each public cell with what stands in ``COLUMNS``."""
    ends = [release.unit, release.month, write_source(release.expression)]
    for cell in _public(release):
        numbers = ["" if number is None else number for number in _numbers(cell).values()]
        yield cell, [*numbers, cell.status, *ends]


def _written(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for row in (header, *rows):
        writer.writerow([_safe(entry) if isinstance(entry, str) else entry for entry in row])
    return file.getvalue().encode()


def _public(release: Release) -> tuple[Cell, ...]:
    """Every cell, since keys are public; of phrases, which are not, those that are shown."""
    return release.shown if "phrase" in release.by else release.cells


def _numbers(cell: Cell) -> dict[str, float | int | None]:
    """The numbers of a cell; None for each that is hidden or has no end."""
    return {name: None if cell.status == "suppressed" else _plain(getattr(cell, name)) for name in NUMBERS}


def _plain(number: float) -> float | int | None:
    if not math.isfinite(number):
        return None
    return int(number) if number == int(number) else number


def _safe(text: str) -> str:
    text = re.sub(r"[\x00-\x1f]", " ", text)
    return f"'{text}" if _FORMULA.match(text) else text
