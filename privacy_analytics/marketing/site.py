"""The static site: every file of it is made, passes the gate, and only then takes the place of the one before.

::

    published/index.html                                 statistics to quote, and every report by month
    published/2026-10/usage_report/index.html            a report, byte for byte as it was approved
    published/2026-10/usage_report/manifest.json
    published/statistics/s-0123456789/index.html         a statistic and how it was made; or a notice that it is gone
    published/statistics/s-0123456789/s-0123456789.csv   and .json .svg .png

It works from disk: links are relative and nothing is loaded.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from privacy_analytics import policy
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import GateError, PolicyError
from privacy_analytics.figures import render
from privacy_analytics.gate import Vouched, check
from privacy_analytics.gate.findings import digest
from privacy_analytics.gate.fragments import cut
from privacy_analytics.gate.site import Kind
from privacy_analytics.marketing.approvals import Approval, Approvals, Recall
from privacy_analytics.marketing.pages import Content, expired, place, recalled
from privacy_analytics.marketing.statistics import Statistic
from privacy_analytics.marketing.terms import KINDS
from privacy_analytics.settings import Settings
from privacy_analytics.stored import release_store

PAGE, MANIFEST, STATISTICS = "index.html", "manifest.json", "statistics"
Folder = Mapping[str, bytes]
"""Files by name."""


@dataclass(frozen=True)
class Draft:
    """The whole site but for its reports, checked and not yet in place."""

    index: bytes
    statistics: Mapping[str, Folder]
    """By the statistic's id."""


@dataclass(frozen=True)
class Site:
    """The site of a workspace on a day; ``canaries`` are texts that no file may hold."""

    settings: Settings
    today: date
    canaries: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return self.settings.path("published")

    @property
    def store(self) -> ReleaseStore:
        return release_store(self.settings)

    @property
    def approvals(self) -> Approvals:
        return Approvals(self.settings.path("approved"))

    def draft(self, *, approval: Approval | None = None, report: Mapping[str, Any] | None = None) -> Draft:
        """Everything that approvals and published reports give, and perhaps one more of each, past the gate.

        Raises
        ------
        GateError
            a file may not leave; nothing is changed
        NotFound
            a release that something on the site is made of is gone
        PolicyError
            the contact address reaches nobody (policy §12), or the policy is not filled in or was changed
        """
        policy.ready(self.settings)
        if self.settings.contact_email.endswith("@localhost"):
            raise PolicyError(
                "contact_email reaches this machine only. Set the officer's in workspace.toml (policy §12)."
            )
        content = self._content(approval, report)
        folders = {each.id: self._statistic(content, each, statistic) for each, statistic in content.current}
        folders |= {each.id: {PAGE: content.notice(each).encode()} for each in content.notices}
        draft = Draft(content.index().encode(), folders)
        self._check(draft, content)
        return draft

    def put(self, draft: Draft) -> Path:
        """Bring a draft into place and return its index. What is the same stays; a recalled statistic's files go."""
        home = self.folder / STATISTICS
        for name, files in draft.statistics.items():
            if _files(home / name) != files:
                replace_folder(home / name, files)
        replace_file(self.folder / PAGE, draft.index)
        for stale in {each.name for each in home.glob("*")} - set(draft.statistics):
            shutil.rmtree(home / stale)
        return self.folder / PAGE

    def approve(self, statistic: Statistic, *, report: str, by: str, until: date | None = None) -> Approval:
        """Approve a statistic of a run and put it on the site. Raises as ``Approvals.approval`` and ``draft``."""
        floor, population = policy.floor(self.settings, "marketing"), policy.population(self.settings, "marketing")
        approval = self.approvals.approval(
            statistic, report=report, by=by, on=self.today, until=until, floor=floor, population=population
        )
        with self.alone():
            draft = self.draft(approval=approval)
            self.approvals.save(approval)
            self.put(draft)
        return approval

    def recall(self, statistic_id: str, *, by: str, reason: str) -> Recall:
        """Take a statistic off the site for good and leave a notice there. Raises as ``Approvals.recall``."""
        recall = self.approvals.recall(statistic_id, by=by, reason=reason, on=self.today)
        self.build()
        return recall

    def build(self) -> Path:
        """Make the site anew from approvals and published reports. Raises what ``draft`` raises."""
        with self.alone():
            return self.put(self.draft())

    def reports(self) -> list[dict[str, Any]]:
        """The manifests of the reports on the site."""
        files = sorted(self.folder.glob(f"[0-9]*/[a-z]*/{MANIFEST}"))
        return [json.loads(file.read_text(encoding="utf-8")) for file in files]

    def _content(self, approval: Approval | None, report: Mapping[str, Any] | None) -> Content:
        others = [each for each in self.reports() if report is None or place(each) != place(report)]
        entries = [*others, *([report] if report else [])]
        recalls, more = self.approvals.recalls(), [approval] if approval else []
        left = [each for each in [*self.approvals.all(), *more] if each.id not in recalls]
        gone = [expired(each) for each in left if each.until < self.today]
        notices = sorted([*map(recalled, recalls.values()), *gone], key=lambda each: (each.on, each.id), reverse=True)
        return Content(
            self.settings.product,
            self.settings.contact_email,
            [{**each, "drawn": render(each["headline"], self.store) if each["headline"] else ""} for each in entries],
            [(each, Statistic(each.spec, self.store)) for each in left if self.today <= each.until],
            notices,
        )

    def _statistic(self, content: Content, approval: Approval, statistic: Statistic) -> Folder:
        files = {f"{approval.id}.{kind}": statistic.export(kind) for kind in KINDS}
        return {PAGE: content.statistic(approval, statistic).encode(), **files}

    def _check(self, draft: Draft, content: Content) -> None:
        """Raise GateError with what is found in any file."""
        allowed, store = content.allowed(), self.store
        drawn = {each.id: statistic.picture for each, statistic in content.current}

        def found(path: str, data: bytes, kind: Kind, name: str = "") -> list[str]:
            pieces = cut(data.decode(), store).pieces if kind else []
            ours = frozenset(digest(piece) for _, piece in pieces)  # the template with what is allowed in it
            vouched = Vouched(
                allowed, ours, shipped=ours, drawn_from=drawn.get(name), site=kind, canaries=self.canaries
            )
            return [f"{path}, {finding}" for finding in check(path.rpartition("/")[2], data, store, vouched)]

        findings = found(PAGE, draft.index, "index" if content.current else "page")
        for name, files in draft.statistics.items():
            for file, data in files.items():
                findings += found(f"{STATISTICS}/{name}/{file}", data, "page" if file == PAGE else "", name)
        if findings:
            raise GateError(findings)

    @contextmanager
    def alone(self) -> Generator[None]:
        """One at a time, from draft to put: who comes second waits, and sees what the first has written."""
        self.approvals.folder.mkdir(mode=0o700, exist_ok=True)
        with (self.approvals.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def replace_folder(folder: Path, files: Folder) -> None:
    """Write beside, then swap: a reader finds the old files or the new ones, whole."""
    fresh, retired = (folder.with_name(f".{folder.name}.{state}") for state in ("fresh", "retired"))
    for leftover in (fresh, retired):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, content in files.items():
        _write(fresh / name, content)
    if folder.exists():
        folder.replace(retired)
    fresh.replace(folder)
    shutil.rmtree(retired, ignore_errors=True)


def replace_file(file: Path, content: bytes) -> None:
    """Write beside, then rename."""
    _write(file.with_name(f"{file.name}.partial"), content)
    file.with_name(f"{file.name}.partial").replace(file)


def _files(folder: Path) -> Folder:
    return {file.name: file.read_bytes() for file in folder.glob("*")} if folder.is_dir() else {}


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
