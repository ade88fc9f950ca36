"""One run of a report: locked, executed in private, rendered, gated, and kept whole or not at all.

``runs/MONTH/REPORT/NNN`` holds ``executed.ipynb`` (private), ``report.html`` and ``manifest.json``. A failed run leaves
``failed.ipynb``, redacted, beside the good ones and replaces none of them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

from privacy_analytics import errors, gate, policy
from privacy_analytics.dp.releases import Release
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import NotebookError, NotFound, TryLater, UsageError
from privacy_analytics.report.parameters import typed
from privacy_analytics.report.render import Facts, expressions, render_html
from privacy_analytics.settings import Settings
from privacy_analytics.workspace import VARIABLE

LOG = logging.getLogger(__name__)
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,60}")


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, and whether it is the same as the one before."""

    folder: Path
    again: bool

    @property
    def html(self) -> Path:
        return self.folder / "report.html"


def run(
    settings: Settings,
    report: str,
    *,
    month: str,
    snapshot: str,
    parameters: Mapping[str, str],
    canaries: Sequence[str] = (),
) -> Run:
    """Execute a report notebook of the workspace for a month and keep the gated page.

    Raises
    ------
    UsageError
        a parameter that the notebook does not declare, or of another type
    NotFound
        the workspace has no such notebook
    TryLater
        the same report is running for the same month
    NotebookError
        a cell failed; an error of this package is raised as itself, so that its exit code survives
    GateError
        the page may not leave
    """
    source = _notebook(settings, report)
    book: Any = nbformat.read(source, as_version=4)  # pyright: ignore[reportUnknownMemberType]
    values = typed(book, {"month": month, **parameters})
    home = settings.path("runs", month, report)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(home), _scratch(home) as scratch:
        executed = scratch / "executed.ipynb"
        _execute(settings, source, executed, values, home)
        facts = Facts(
            product=settings.product,
            month=month,
            snapshot=snapshot,
            policy=policy.in_force(settings).version,
            contact=settings.contact_email,
        )
        title = _title(book)
        page = render_html(executed, title=title, facts=facts)
        store = ReleaseStore(settings.path("releases"))
        gate.enforce(page.encode(), store, allowed=facts.allowed(), canaries=canaries)
        (scratch / "report.html").write_text(page, encoding="utf-8")
        manifest = _manifest(page, store, report=report, title=title, facts=facts, source=source, values=values)
        (scratch / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
        return _keep(scratch, home)


def finished(settings: Settings, run: str) -> Path:
    """The folder of a run named MONTH/REPORT (its newest) or MONTH/REPORT/NNN. Raises NotFound where there is none."""
    named = re.fullmatch(rf"(\d{{4}}-\d\d)/({_SLUG.pattern})(?:/(\d{{3}}))?", run)
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


def _execute(settings: Settings, source: Path, executed: Path, values: Mapping[str, Any], home: Path) -> None:
    def tell(cell: Any, cell_index: int) -> None:  # noqa: ARG001  # nbclient's names
        if cell.cell_type == "markdown" and (heading := re.match(r"#+ +(.+)", cell.source)):
            LOG.info("%s  %s", source.stem, heading[1])

    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(settings.root)
    try:
        papermill.execute_notebook(  # pyright: ignore[reportUnknownMemberType]
            str(source),
            str(executed),
            parameters=dict(values),
            engine_name="privacy",
            progress_bar=False,
            request_save_on_cell_execute=False,
            cwd=str(executed.parent),
            on_cell_start=tell,
        )
    except PapermillExecutionError as error:
        shutil.copyfile(executed, home / "failed.ipynb")
        (home / "failed.ipynb").chmod(0o600)
        ours = getattr(errors, str(error.ename), None)
        cell = f"Cell {cast('int', error.cell_index) + 1} of {source.name} failed"
        if isinstance(ours, type) and issubclass(ours, errors.PrivacyAnalyticsError):
            wrapped = errors.PrivacyAnalyticsError(f"{cell}: {error.evalue}")
            wrapped.exit_code = ours.exit_code
            raise wrapped from None
        raise NotebookError(
            f"{cell} with a {error.ename}. Open it with `pa lab` to see why; nothing was replaced."
        ) from None
    except Exception as error:  # noqa: BLE001  # a dead kernel, a time-out: whatever it says may quote an output
        raise NotebookError(f"{source.name} did not finish ({type(error).__name__}). Nothing was replaced.") from None
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _title(book: Any) -> str:
    for cell in book.cells:
        if cell.cell_type == "markdown" and (heading := re.match(r"# +(.+)", cell.source)):
            return heading[1].strip()
    raise UsageError("A report notebook starts with its title: a markdown cell with `# Title`.")


def _manifest(
    page: str, store: ReleaseStore, *, report: str, title: str, facts: Facts, source: Path, values: Mapping[str, Any]
) -> dict[str, Any]:
    shown = expressions(page)
    return {
        "format": 1,
        "report": report,
        "title": title,
        "month": facts.month,
        "snapshot": facts.snapshot,
        "policy": facts.policy,
        "allowed": facts.allowed(),
        "parameters": dict(values),
        "notebook": hashlib.sha256(source.read_bytes()).hexdigest(),
        "page": hashlib.sha256(page.encode()).hexdigest(),
        "releases": sorted(_ids(shown)),
        "headline": _headline([store.evaluate(expression) for expression in shown]),
    }


def _headline(releases: list[Release]) -> Any:
    """The first single number on the page."""
    return next((release.expression for release in releases if not release.by), None)


def _ids(expressions: list[Any]) -> set[str]:
    found: set[str] = set()
    for expression in expressions:
        found |= {expression} if isinstance(expression, str) else _ids(expression["of"])
    return found


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
    for file in scratch.iterdir():
        file.chmod(0o600)
    if runs and all(
        (runs[-1] / name).read_bytes() == (scratch / name).read_bytes() for name in ("report.html", "manifest.json")
    ):
        return Run(runs[-1], again=True)
    folder = home / f"{int(runs[-1].name) + 1 if runs else 1:03}"
    scratch.rename(folder)
    return Run(folder, again=False)


def _numbered(home: Path) -> list[Path]:
    return sorted(folder for folder in home.glob("[0-9][0-9][0-9]") if folder.is_dir())


@contextmanager
def _locked(home: Path) -> Generator[None]:
    with (home / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TryLater("This report is running for this month already. Wait for it, then call again.") from None
        yield
