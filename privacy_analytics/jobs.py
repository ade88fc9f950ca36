"""One job from end to end: freeze the month, run the report, publish it where that was approved, tell people.

A job may be called again at any time, after any crash: what is done stands, is found and is not done again.
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from privacy_analytics.audit import AuditLog
from privacy_analytics.curator import Curator
from privacy_analytics.errors import UsageError
from privacy_analytics.marketing.publish import newer_revision, publish, published
from privacy_analytics.marketing.recalling import recalled
from privacy_analytics.notices import notify
from privacy_analytics.report.attempts import Attempt, attempted
from privacy_analytics.report.execution import Limits, Progress
from privacy_analytics.report.places import check_month, placed
from privacy_analytics.report.run import Run, run, source_of
from privacy_analytics.settings import Settings
from privacy_analytics.snapshots import Snapshot, last_complete_month, revise, snapshot

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A report for a month and a set of parameters."""

    report: str
    month: str
    name: str = ""
    """Of the parameter set; empty: none, or one named by its values."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def place(self) -> str:
        """``"case_study-mix_assist"``"""
        return placed(self.report, self.name, self.parameters)


@dataclass(frozen=True)
class Terms:
    """How jobs are done."""

    scheduled: bool = False
    """It waits for the month's files, runs once, and people are told."""
    revise: bool = False
    """The month's late rows are counted, too."""
    again: bool = False
    """A scheduled job runs although the same one stands."""
    publish_as: str = ""
    """Whose standing approval publishes what was made."""
    canaries: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Done:
    """What a job came to."""

    run: Run
    attempt: Attempt
    page: Path | None
    """Where it is published; None where it is not."""


def jobs(
    settings: Settings,
    reports: Sequence[str],
    months: Sequence[str],
    sets: Mapping[str, Mapping[str, str]],
) -> list[Job]:
    """Every report for every month and parameter set. No month: the last complete one.

    Raises UsageError where two would lie in one place, or something is no name or month.
    """
    found: list[Job] = []
    for report, month, (name, parameters) in product(
        reports, months or [last_complete_month(settings)], sets.items() or [("", {})]
    ):
        check_month(month)
        if "month" in parameters:
            raise UsageError("A month is named by --month, which also freezes it.")
        found.append(Job(report, month, name, parameters))
    if len({(job.month, job.place) for job in found}) < len(found):
        raise UsageError("Two of these runs would lie in one place. Name each report, month and parameter set once.")
    return found


def parameter_sets(file: Path) -> dict[str, dict[str, str]]:
    """Sets of parameters from a TOML file, ``[mix_assist]`` above ``group = "adopters:mix_assist"``.

    Raises UsageError for a file that is no such thing.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{file.name} is not valid TOML: {error}. Mend that line.") from None
    if not raw or not all(isinstance(values, dict) for values in raw.values()):
        raise UsageError(f'{file.name} holds one table a set: [mix_assist], below it group = "adopters:mix_assist".')
    return {name: {key: _text(value) for key, value in values.items()} for name, values in raw.items()}


def do(settings: Settings, job: Job, terms: Terms, progress: Progress | None = None) -> Done:
    """Do a job; its record tells how it went, and so do notices where it is a scheduled one.

    Raises what ``snapshot``, ``revise``, ``run`` and ``publish`` raise.
    """
    home = settings.path("runs", job.month, job.place)
    source_of(settings, job.report)  # what is misspelt leaves no record
    tell = partial(notify, settings) if terms.scheduled else None
    with attempted(home, scheduled=terms.scheduled, then=tell) as attempt:
        return _done(settings, job, terms, attempt, progress)


def _done(settings: Settings, job: Job, terms: Terms, attempt: Attempt, progress: Progress | None) -> Done:
    frozen = _frozen(settings, job, terms)
    attempt.snapshot, attempt.provisional = frozen.token, frozen.provisional
    ledger = Curator(settings).ledger
    before = ledger.lifetime().nano_rho
    try:
        made = run(
            settings,
            job.report,
            month=job.month,
            snapshot=frozen.token,
            parameters=job.parameters,
            name=job.name,
            provisional=frozen.provisional,
            canaries=terms.canaries,
            once=terms.scheduled and not terms.again,
            attempt=attempt,
            limits=terms.limits,
            progress=progress,
        )
    finally:
        attempt.nano_rho = ledger.lifetime().nano_rho - before
    if not attempt.stood:
        AuditLog(settings).add(
            "run", report=job.place, month=job.month, run=made.folder.name, nano_rho=attempt.nano_rho
        )
    if not terms.publish_as:
        return Done(made, attempt, None)
    if newer := newer_revision(settings, made.folder):
        LOG.warning("%s is not published: the site shows %s.", frozen.token, newer)
        return Done(made, attempt, None)
    if recalled(settings, made.folder):
        LOG.warning("%s is not published: its page was recalled.", frozen.token)
        return Done(made, attempt, None)
    page = published(settings, made.folder) or publish(
        settings, made.folder, approved_by=terms.publish_as, canaries=terms.canaries
    )
    attempt.published = True
    return Done(made, attempt, page)


def _frozen(settings: Settings, job: Job, terms: Terms) -> Snapshot:
    if terms.revise:
        return revise(settings, job.month)
    return snapshot(settings, job.month, waits=terms.scheduled)


def _text(value: Any) -> str:
    """As a command line says it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
