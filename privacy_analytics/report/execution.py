"""A notebook's cells, executed in a kernel of their own; a failure by its cell, its heading and its kind alone."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from papermill.engines import papermill_engines

from privacy_analytics import errors
from privacy_analytics.errors import NotebookError, PrivacyAnalyticsError
from privacy_analytics.report.attempts import Attempt
from privacy_analytics.report.shared import GIVEN, given
from privacy_analytics.settings import Settings
from privacy_analytics.workspace import VARIABLE

LOG = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]
"""Told before each cell: its number, how many there are, and the heading above it. Nothing in it depends on data."""


@dataclass(frozen=True)
class Limits:
    """Seconds that a cell may take, and that the kernel may take to answer; None is the engine's own."""

    cell: int | None = None
    start: int | None = None


def ready(book: Any, values: Mapping[str, Any]) -> Any:
    """A copy of the notebook for one run, with its parameters behind their defaults."""
    ready = copy.deepcopy(book)
    ready.metadata["papermill"] = {}
    at = next(number for number, cell in enumerate(ready.cells) if "parameters" in cell.metadata.get("tags", []))
    own = "".join(f"\n{name} = {values[name]!r}" for name in ("workspace",) if name in values)
    ready.cells.insert(at + 1, nbformat.v4.new_code_cell(given(values) + own, id=GIVEN))
    return ready


def execute(
    settings: Settings,
    book: Any,
    scratch: Path,
    report: str,
    attempt: Attempt,
    limits: Limits,
    progress: Progress | None,
) -> None:
    """Run every cell of the notebook in place; ``attempt`` knows where it is.

    Raises
    ------
    NotebookError
        a cell failed, or the kernel did not answer or died
    PrivacyAnalyticsError
        a cell raised an error of this package: with its exit code and its text
    """
    numbers = {id(cell): number for number, cell in enumerate((c for c in book.cells if c.id != GIVEN), start=1)}

    def tell(cell: Any, cell_index: int) -> None:  # noqa: ARG001  # nbclient's names
        attempt.cell = numbers.get(id(cell), attempt.cell)
        if cell.cell_type == "markdown" and (found := re.match(r"#+ +(.+)", cell.source)):
            attempt.heading = found[1].strip()
            LOG.info("%s  %s", report, attempt.heading) if progress is None else None
        attempt.save()
        if progress is not None:
            progress(attempt.cell, len(numbers), attempt.heading)

    try:
        papermill_engines.execute_notebook_with_engine(
            "privacy",
            book,
            "python3",
            progress_bar=False,
            autosave_cell_every=0,
            execution_timeout=limits.cell,
            start_timeout=limits.start,
            on_cell_start=tell,
            environment={VARIABLE: str(settings.root)},
            folder=scratch,
        )
    except Exception as error:  # noqa: BLE001  # a dead kernel, a time-out: whatever it says may quote an output
        attempt.error = type(error).__name__
        place = f"cell {attempt.cell} ({attempt.heading})" if attempt.cell else "its kernel started"
        raise NotebookError(
            f"{report}.ipynb did not get past {place}: {type(error).__name__}. Nothing was replaced."
        ) from None
    error = next((each for cell in book.cells for each in cell.get("outputs", []) if each.output_type == "error"), None)
    if error is not None:
        attempt.error = str(error.ename)
        under = f" ({attempt.heading})" if attempt.heading else ""
        raise _failure(error, f"Cell {attempt.cell} of {report}.ipynb{under} failed")
    attempt.cell, attempt.heading = 0, ""  # what fails from here on is no cell's


def _failure(error: Any, cell: str) -> PrivacyAnalyticsError:
    """An error of ours as itself, with the cell in front; any other by its name."""
    ours = getattr(errors, str(error.ename), None)
    if isinstance(ours, type) and issubclass(ours, PrivacyAnalyticsError) and error.traceback:
        wrapped = PrivacyAnalyticsError(f"{cell}: {error.evalue}")
        wrapped.exit_code = ours.exit_code
        return wrapped
    return NotebookError(f"{cell} with a {error.ename}. Open it with `pa lab` to see why; nothing was replaced.")
