"""What a monitor may know of a workspace, as a Prometheus text file: operational facts, no person, no count of people.

For the textfile collector of node_exporter; the format is Prometheus' text exposition 0.0.4. Moments are Unix time, so
that an alert also sees that nobody wrote the file any more: ``time() - privacy_analytics_last_timestamp_seconds``.
Requests are counted and refused rows are a share: for the operator and the officer, like the file (0600).
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from privacy_analytics import anchor
from privacy_analytics.audit import AuditLog
from privacy_analytics.budgets import Budgets
from privacy_analytics.doctor import examine
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.errors import PrivacyAnalyticsError
from privacy_analytics.lake import Lake
from privacy_analytics.report.attempts import STATES, attempts
from privacy_analytics.rights.clocks import status
from privacy_analytics.rights.requests import KINDS, Requests
from privacy_analytics.settings import Settings, Tls
from privacy_analytics.snapshots import last_complete_month
from privacy_analytics.workspace import FOLDERS, load

PREFIX = "privacy_analytics_"
MONTHS = 12
"""Months whose budgets are told: the newest ones."""
_OF_PEOPLE = ("accounts", "identities")
"""Tables with a row a person: even their share of refused rows is not told."""
_DONE = ("backup", "ingest", "publish", "retention", "run")
"""Actions of the audit log that are told as done last."""


@dataclass
class Metric:
    """One gauge: what it says, and its value for each set of labels."""

    name: str
    help: str
    values: dict[tuple[tuple[str, str], ...], float] = field(default_factory=dict[tuple[tuple[str, str], ...], float])

    def set(self, value: float, **labels: str) -> None:
        self.values[tuple(labels.items())] = int(value) if float(value).is_integer() else round(value, 4)

    def __str__(self) -> str:
        name = PREFIX + self.name
        lines = [f"# HELP {name} {self.help}", f"# TYPE {name} gauge"]
        return "\n".join([*lines, *(f"{name}{_labels(of)} {value!r}" for of, value in self.values.items())])


def collect(root: Path, now: datetime | None = None) -> str:
    """The text of all metrics of a workspace; where it does not open, ``up`` is 0 and nothing else is told."""
    up = Metric("up", "Whether the workspace opens: 1, or 0 where pa doctor says what is wrong.")
    try:
        settings = load(root)
        told = [metric for metric in _told(settings, now or datetime.now(UTC)) if metric.values]
    except PrivacyAnalyticsError:
        told = []
    up.set(len(told) > 0)
    return "".join(f"{metric}\n" for metric in (up, *told))


def write(text: str, file: Path) -> None:
    """Put it where a collector looks, whole or not at all; a file that is there keeps its mode and group."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")  # the collector reads *.prom alone
    try:
        partial.write_text(text, encoding="utf-8")
        partial.chmod(0o600)
        if file.exists():
            about = file.stat()
            os.chown(partial, -1, about.st_gid)
            partial.chmod(about.st_mode & 0o777)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _told(settings: Settings, now: datetime) -> Iterator[Metric]:
    ledger, lake = Ledger(settings.ledger_at), Lake(settings.path("lake"))
    yield _budgets(settings, ledger, now)
    yield _entries(settings, ledger)
    yield _last(settings, lake)
    yield _runs(settings)
    yield _disk(settings)
    free = Metric("disk_free_bytes", "Free on the disk of the lake.")
    free.set(shutil.disk_usage(settings.root).free)
    yield free
    yield from _requests(settings, lake, now)
    yield _quarantined(lake)
    if settings.operating.tls:
        yield _certificate(settings, settings.operating.tls)
    findings = Metric("findings", "What pa doctor has found.")
    found = Counter(finding.level for finding in examine(settings.root))
    for level in ("error", "warning"):
        findings.set(found[level], level=level)
    yield findings
    written = Metric("written_timestamp_seconds", "When this was written.")
    written.set(now.timestamp())
    yield written


def _budgets(settings: Settings, ledger: Ledger, now: datetime) -> Metric:
    left = Metric("budget_left_ratio", "Part of a purpose's privacy loss (rho) of a month that is left.")
    budgets = Budgets(settings, ledger)
    for month in sorted({*ledger.spent_by_month(), last_complete_month(settings, now)})[-MONTHS:]:
        for purpose, purse in budgets.purses(month).items():
            allowed = purse.allowance.nano_rho
            left.set(purse.left.nano_rho / allowed if allowed else 0, month=month, purpose=purpose)
    return left


def _entries(settings: Settings, ledger: Ledger) -> Metric:
    entries = Metric("chain_entries", "Length of a chain; it never falls, unless an older copy was put back.")
    entries.set(ledger.end()[0], chain="ledger")
    entries.set(AuditLog(settings).verify()[0], chain="audit")
    return entries


def _last(settings: Settings, lake: Lake) -> Metric:
    last = Metric("last_timestamp_seconds", "When something was last done.")
    for entry in AuditLog(settings).entries():
        if entry.action in _DONE:
            last.set(entry.at.timestamp(), what=entry.action)
    if intakes := _intakes(lake):
        last.set(_began(max(intakes)), what="ingest")
    if taken := anchor.last(settings):
        last.set(taken.timestamp(), what="anchor")
    return last


def _runs(settings: Settings) -> Metric:
    state = Metric("last_run_state", "How the last attempt at a report of its newest month ended: 1 at that state.")
    for home in sorted(settings.path("runs").glob("*/*")):  # a later month's are set over an earlier one's
        if tried := attempts(home):
            ended = tried[-1].seen()
            for each in STATES:
                state.set(each == ended, report=home.name, state=each)
    return state


def _disk(settings: Settings) -> Metric:
    size = Metric("disk_bytes", "Size of a folder of the workspace, and of the files that lie in it.")
    for name in FOLDERS:
        size.set(_size(settings.path(name).rglob("*")), folder=name)
    size.set(_size(settings.root.glob("*")), folder=".")
    return size


def _requests(settings: Settings, lake: Lake, now: datetime) -> Iterator[Metric]:
    opened = Metric("requests_open", "Requests of people that are not done.")
    due = Metric("requests_due_days", "Days to the nearest legal deadline of open requests; below 0 it is over.")
    today = now.astimezone(settings.zone).date()
    owed = [each for each in Requests(settings, lake).all() if each.state not in ("done", "deferred")]
    by_kind = Counter(each.kind for each in owed)
    for kind in KINDS:
        opened.set(by_kind[kind], kind=kind)
    left = [status(each, today, settings.holidays).days_left for each in owed]
    if days := [each for each in left if each is not None]:
        due.set(min(days))
    yield opened
    yield due


def _quarantined(lake: Lake) -> Metric:
    share = Metric("quarantined_ratio", "Part of the rows that the last intake read of a table and refused.")
    if intakes := _intakes(lake):
        for table, counts in intakes[max(intakes)].items():
            if table not in _OF_PEOPLE and isinstance(counts, Mapping) and counts.get("read"):
                share.set(round(sum(counts["quarantined"].values()) / counts["read"], 3), table=table)
    return share


def _certificate(settings: Settings, tls: Tls) -> Metric:
    from cryptography.x509 import load_pem_x509_certificate

    ends = Metric("certificate_ends_timestamp_seconds", "When the certificate of pa serve --http ends.")
    try:
        made = load_pem_x509_certificate(settings.path(tls.certificate).read_bytes())
    except (OSError, ValueError):
        ends.set(0)
    else:
        ends.set(made.not_valid_after_utc.timestamp())
    return ends


def _intakes(lake: Lake) -> dict[str, dict[str, object]]:
    """What intakes counted, by batch; batches about requests count nothing."""
    said = {batch: json.loads((lake.root / "batches" / f"{batch}.json").read_text()) for batch in lake.batches()}
    return {batch: counts for batch, counts in said.items() if counts}


def _began(batch: str) -> float:
    return datetime.strptime(batch[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp()


def _size(paths: Iterator[Path]) -> int:
    """Bytes of files; what somebody removes meanwhile is left out."""
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def _labels(of: tuple[tuple[str, str], ...]) -> str:
    """As the format writes them: backslash, quote and line feed are escaped."""
    escaped = {name: value.translate({92: r"\\", 34: r"\"", 10: r"\n"}) for name, value in of}
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}" if of else ""
