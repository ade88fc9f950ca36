"""One run of a report: locked, executed in private, rendered, gated, and kept whole or not at all.

``runs/MONTH/REPORT/NNN`` holds ``report.html``, ``report.ipynb`` (the notebook to hand on), ``executed.ipynb``
(private) and ``manifest.json``. A failed run leaves ``failed.ipynb``, redacted, beside the good ones and replaces none
of them.
"""

from __future__ import annotations

import copy
import fcntl
import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from papermill.engines import papermill_engines

from privacy_analytics import errors, gate, policy
from privacy_analytics.errors import NotebookError, NotFound, PrivacyAnalyticsError, TryLater, UsageError
from privacy_analytics.gate.notebook import rebuilt
from privacy_analytics.report import manifest
from privacy_analytics.report.lint import check_purposes, lint
from privacy_analytics.report.parameters import typed
from privacy_analytics.report.render import Facts, render_html, title_of
from privacy_analytics.report.shared import GIVEN, cells, failed, given, outputs
from privacy_analytics.settings import Settings
from privacy_analytics.stored import release_store
from privacy_analytics.workspace import VARIABLE

LOG = logging.getLogger(__name__)
PAGE, NOTEBOOK, MANIFEST, FAILED = "report.html", "report.ipynb", "manifest.json", "failed.ipynb"
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,60}")
_MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)

Progress = Callable[[int, int, str], None]
"""Told before each cell: its number, how many there are, and the heading above it. Nothing in it depends on data."""


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, and whether it is the same as the one before."""

    folder: Path
    again: bool

    @property
    def html(self) -> Path:
        return self.folder / PAGE


def run(
    settings: Settings,
    report: str,
    *,
    month: str,
    snapshot: str,
    parameters: Mapping[str, str],
    canaries: Sequence[str] = (),
    timeout: int | None = None,
    start_timeout: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Execute a report notebook of the workspace for a month and keep the gated page.

    ``timeout`` is seconds a cell, ``start_timeout`` seconds until the kernel answers; None is the engine's own.

    Raises
    ------
    UsageError
        no such month; a parameter that the notebook does not declare, or of another type; code that no report needs
    NotFound
        the workspace has no such notebook
    PolicyError
        the policy is not filled in or was changed; a purpose may not read what the notebook asks about
    TryLater
        the same report is running for the same month
    NotebookError
        a cell failed; an error of this package is raised as itself, so that its exit code survives
    GateError
        the page or the notebook may not leave
    """
    if not _MONTH.fullmatch(month):
        raise UsageError("A month is named like 2026-10.")
    source = _notebook(settings, report)
    book: Any = nbformat.read(source, as_version=4)  # pyright: ignore[reportUnknownMemberType]
    title = title_of(book)
    version = policy.ready(settings).version
    lint(book)
    check_purposes(book, policy.document(settings, version))
    values = typed(book, {"month": month, **parameters})
    facts = Facts(settings.product, month, snapshot, version, settings.contact_email)
    vouched = manifest.vouch(book, values, title=title, facts=facts, canaries=canaries)
    home = settings.path("runs", month, report)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(home), _scratch(home) as scratch:
        executed = _ready(book, values)
        store = release_store(settings)
        try:
            with ThreadPoolExecutor(1) as aside:  # the kernel has the work: time to load what looks at prose (1.5 s)
                aside.submit(gate.check, "x.html", b"", store, vouched)
                _execute(settings, executed, scratch, report, timeout, start_timeout, progress)
            page = render_html(executed, title=title, facts=facts)
            notebook = rebuilt(cells(book, values, outputs(executed)))
            gate.enforce(PAGE, page.encode(), store, vouched)
            gate.enforce(NOTEBOOK, notebook, store, vouched)
        except PrivacyAnalyticsError:
            _write(home / FAILED, failed(book, executed, values, store))
            raise
        made = manifest.written(
            page, notebook, store, vouched,
            report=report, title=title, facts=facts, source=source.read_bytes(), values=values,
        )  # fmt: skip
        _write(scratch / PAGE, page.encode())
        _write(scratch / NOTEBOOK, notebook)
        _write(scratch / "executed.ipynb", nbformat.writes(executed).encode())
        _write(scratch / MANIFEST, json.dumps(made, indent=1, ensure_ascii=False).encode())
        kept = _keep(scratch, home)
        (home / FAILED).unlink(missing_ok=True)
        return kept


def finished(settings: Settings, run: str) -> Path:
    """The folder of a run named MONTH/REPORT (its newest) or MONTH/REPORT/NNN. Raises NotFound where there is none."""
    named = re.fullmatch(rf"({_MONTH.pattern})/({_SLUG.pattern})(?:/(\d{{3}}))?", run, re.ASCII)
    if not named:
        raise UsageError("A run is named MONTH/REPORT or MONTH/REPORT/NNN, such as 2026-10/usage_report.")
    month, report, number = named.groups()
    runs = [each for each in _numbered(settings.path("runs", month, report)) if number in (None, each.name)]
    if not runs:
        raise NotFound(f"There is no such finished run. Make one: pa run {report} --month {month}")
    return runs[-1]


def _notebook(settings: Settings, report: str) -> Path:
    if not _SLUG.fullmatch(report):
        raise UsageError("A report is named by small letters, digits and _, like usage_report.")
    source = settings.path("notebooks", f"{report}.ipynb")
    if not source.is_file():
        known = ", ".join(sorted(file.stem for file in settings.path("notebooks").glob("*.ipynb")))
        raise NotFound(f"The workspace has no such notebook. It has: {known or 'none'}.")
    return source


def _ready(book: Any, values: Mapping[str, Any]) -> Any:
    """A copy of the notebook for one run, with its parameters behind their defaults."""
    ready = copy.deepcopy(book)
    ready.metadata["papermill"] = {}
    at = next(number for number, cell in enumerate(ready.cells) if "parameters" in cell.metadata.get("tags", []))
    own = "".join(f"\n{name} = {values[name]!r}" for name in ("workspace",) if name in values)
    ready.cells.insert(at + 1, nbformat.v4.new_code_cell(given(values) + own, id=GIVEN))
    return ready


def _execute(
    settings: Settings,
    book: Any,
    scratch: Path,
    report: str,
    timeout: int | None,
    start_timeout: int | None,
    progress: Progress | None,
) -> None:
    """Run every cell of the notebook in place. Raises what ``run`` says of failures."""
    numbers = {id(cell): number for number, cell in enumerate((c for c in book.cells if c.id != GIVEN), start=1)}
    here, heading = 0, ""

    def tell(cell: Any, cell_index: int) -> None:  # noqa: ARG001  # nbclient's names
        nonlocal here, heading
        here = numbers.get(id(cell), here)
        if cell.cell_type == "markdown" and (found := re.match(r"#+ +(.+)", cell.source)):
            heading = found[1].strip()
            LOG.info("%s  %s", report, heading) if progress is None else None
        if progress is not None:
            progress(here, len(numbers), heading)

    try:
        papermill_engines.execute_notebook_with_engine(
            "privacy",
            book,
            "python3",
            progress_bar=False,
            autosave_cell_every=0,
            execution_timeout=timeout,
            start_timeout=start_timeout,
            on_cell_start=tell,
            environment={VARIABLE: str(settings.root)},
            folder=scratch,
        )
    except Exception as error:  # noqa: BLE001  # a dead kernel, a time-out: whatever it says may quote an output
        place = f"cell {here} ({heading})" if here else "its kernel started"
        raise NotebookError(
            f"{report}.ipynb did not get past {place}: {type(error).__name__}. Nothing was replaced."
        ) from None
    error = next((each for cell in book.cells for each in cell.get("outputs", []) if each.output_type == "error"), None)
    if error is not None:
        raise _failure(error, f"Cell {here} of {report}.ipynb{f' ({heading})' if heading else ''} failed")


def _failure(error: Any, cell: str) -> PrivacyAnalyticsError:
    """An error of ours as itself, with the cell in front; any other by its name."""
    ours = getattr(errors, str(error.ename), None)
    if isinstance(ours, type) and issubclass(ours, PrivacyAnalyticsError) and error.traceback:
        wrapped = PrivacyAnalyticsError(f"{cell}: {error.evalue}")
        wrapped.exit_code = ours.exit_code
        return wrapped
    return NotebookError(f"{cell} with a {error.ename}. Open it with `pa lab` to see why; nothing was replaced.")


@contextmanager
def _scratch(home: Path) -> Generator[Path]:
    """A folder for one run; what is not kept under a number is gone when it ends."""
    for leftover in home.glob(".scratch-*"):  # we hold the lock, so whoever made it is gone
        shutil.rmtree(leftover)
    scratch = home / f".scratch-{os.getpid()}"
    scratch.mkdir(mode=0o700)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _keep(scratch: Path, home: Path) -> Run:
    """Give the run its number; one that says the same as the last is not kept twice."""
    runs = _numbered(home)
    if runs and all(
        (runs[-1] / name).is_file() and (runs[-1] / name).read_bytes() == (scratch / name).read_bytes()
        for name in (PAGE, NOTEBOOK, MANIFEST)
    ):
        return Run(runs[-1], again=True)
    folder = home / f"{int(runs[-1].name) + 1 if runs else 1:03}"
    scratch.rename(folder)
    return Run(folder, again=False)


def _numbered(home: Path) -> list[Path]:
    return sorted(folder for folder in home.glob("[0-9][0-9][0-9]") if folder.is_dir())


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)


@contextmanager
def _locked(home: Path) -> Generator[None]:
    with (home / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TryLater("This report is running for this month already. Wait for it, then call again.") from None
        yield
