"""One run of a report: locked, executed in private, rendered, gated, and kept whole or not at all.

``runs/MONTH/PLACE/NNN`` holds ``report.html``, ``report.ipynb`` (the notebook to hand on), ``executed.ipynb``
(private) and ``manifest.json``. A failed run leaves ``failed.ipynb``, redacted, beside the good ones and replaces none
of them; every attempt leaves a record.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from privacy_analytics import gate, policy
from privacy_analytics.errors import NotFound, PrivacyAnalyticsError, TryLater
from privacy_analytics.gate.notebook import rebuilt
from privacy_analytics.private import on_disk
from privacy_analytics.report import manifest
from privacy_analytics.report.attempts import Attempt, attempted
from privacy_analytics.report.execution import Limits, Progress, execute, ready
from privacy_analytics.report.lint import check_purposes, lint
from privacy_analytics.report.parameters import typed
from privacy_analytics.report.places import FAILED, MANIFEST, NOTEBOOK, PAGE, check_month, numbered, placed
from privacy_analytics.report.render import Facts, render_html, title_of
from privacy_analytics.report.shared import cells, failed, outputs
from privacy_analytics.settings import Settings
from privacy_analytics.stored import release_store

_REVISION = re.compile(r"\.r[1-9]\d*$")
SCRATCH = ".scratch-"
"""How folders begin that are not kept: whoever holds the lock next removes what a crash left of them."""


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
    name: str = "",
    provisional: bool = False,
    canaries: Sequence[str] = (),
    once: bool = False,
    attempt: Attempt | None = None,
    limits: Limits = Limits(),  # noqa: B008  # frozen
    progress: Progress | None = None,
) -> Run:
    """Execute a report notebook of the workspace for a month and keep the gated page.

    Parameters
    ----------
    settings : of the workspace whose notebook it is
    report : the notebook's name
    month : such as "2026-10"
    snapshot : token of what the month is answered from; a revision's is what the notebook is told as its month
    parameters : of the notebook, as texts
    name : of this set of parameters; without one their values name it
    provisional : files of the month were still missing when it was frozen
    canaries : texts that no file may hold
    once : no kernel is started where a finished run of the same snapshot, notebook, parameters, policy and version of
        this package stands whole
    attempt : the record to write into; without one a record is made
    limits, progress : see there

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
    check_month(month)
    place = placed(report, name, parameters)
    home, source = settings.path("runs", month, place), source_of(settings, report)
    with nullcontext(attempt) if attempt else attempted(home) as record:
        book: Any = nbformat.read(source, as_version=4)  # pyright: ignore[reportUnknownMemberType]
        title = title_of(book)
        version = policy.ready(settings).version
        lint(book)
        check_purposes(book, policy.document(settings, version))
        values = typed(book, {"month": snapshot if _REVISION.search(snapshot) else month, **parameters})
        facts = Facts(settings.product, month, snapshot, version, settings.contact_email, provisional)
        vouched = manifest.vouch(book, values, title=title, facts=facts, canaries=canaries)
        told: dict[str, Any] = {
            "report": report,
            "variant": place.removeprefix(report),
            "title": title,
            "facts": facts,
            "source": source.read_bytes(),
            "values": values,
        }
        with locked(home), _scratch(home) as scratch:
            if once and (folder := standing(home, manifest.planned(vouched, **told))):
                record.run, record.stood = folder.name, True
                return Run(folder, again=True)
            executed = ready(book, values)
            store = release_store(settings)
            try:
                with ThreadPoolExecutor(
                    1
                ) as aside:  # the kernel has the work: time to load what looks at prose (1.5 s)
                    aside.submit(gate.check, "x.html", b"", store, vouched)
                    execute(settings, executed, scratch, report, record, limits, progress)
                page = render_html(executed, title=title, facts=facts)
                notebook = rebuilt(cells(book, values, outputs(executed)))
                gate.enforce(PAGE, page.encode(), store, vouched)
                gate.enforce(NOTEBOOK, notebook, store, vouched)
            except PrivacyAnalyticsError:
                _write(home / FAILED, failed(book, executed, values, store))
                raise
            made = manifest.written(page, notebook, store, vouched, **told)
            _write(scratch / PAGE, page.encode())
            _write(scratch / NOTEBOOK, notebook)
            _write(scratch / "executed.ipynb", nbformat.writes(executed).encode())
            _write(scratch / MANIFEST, json.dumps(made, indent=1, ensure_ascii=False).encode())
            kept = _keep(scratch, home)
            (home / FAILED).unlink(missing_ok=True)
            record.run = kept.folder.name
            return kept


def standing(home: Path, about: Mapping[str, Any]) -> Path | None:
    """The newest finished run of a snapshot, where it was made of the same and nobody has changed its files."""
    of_snapshot = [
        (folder, made)
        for folder in numbered(home)
        if (made := manifest.read(folder)).get("snapshot") == about["snapshot"]
    ]
    folder, made = of_snapshot[-1] if of_snapshot else (home, {})
    same = {name: made.get(name) for name in about} == {**about}
    return folder if same and not manifest.changed(folder, made) else None


def source_of(settings: Settings, report: str) -> Path:
    """The workspace's notebook of a name. Raises NotFound where it has none."""
    source = settings.path("notebooks", f"{report}.ipynb")
    if not source.is_file():
        known = ", ".join(sorted(file.stem for file in settings.path("notebooks").glob("*.ipynb")))
        raise NotFound(f"The workspace has no such notebook. It has: {known or 'none'}.")
    return source


@contextmanager
def _scratch(home: Path) -> Generator[Path]:
    """A folder for one run; what is not kept under a number is gone when it ends."""
    clear(home)
    scratch = home / f"{SCRATCH}{os.getpid()}"
    scratch.mkdir(mode=0o700)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def clear(home: Path) -> None:
    """Remove what crashes left, for whoever holds the lock."""
    for leftover in home.glob(f"{SCRATCH}*"):
        shutil.rmtree(leftover)


def _keep(scratch: Path, home: Path) -> Run:
    """Give the run its number; one that says the same as the last of its snapshot is not kept twice."""
    runs = numbered(home)
    token = manifest.read(scratch)["snapshot"]
    last = next((each for each in reversed(runs) if manifest.read(each).get("snapshot") == token), None)
    if last and all(
        (last / name).is_file() and (last / name).read_bytes() == (scratch / name).read_bytes()
        for name in (PAGE, NOTEBOOK, MANIFEST)
    ):
        return Run(last, again=True)
    folder = home / f"{int(runs[-1].name) + 1 if runs else 1:03}"
    scratch.rename(folder)
    on_disk(folder, home)
    return Run(folder, again=False)


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
    on_disk(file)


@contextmanager
def locked(home: Path) -> Generator[None]:
    """Alone with a place's runs. Raises TryLater where somebody else is."""
    with (home / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TryLater("This report is running for this month already. Wait for it, then call again.") from None
        yield
