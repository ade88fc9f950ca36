"""Every run and every attempt at one, with what is true of it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from privacy_analytics.errors import NotFound
from privacy_analytics.marketing.publish import on_site
from privacy_analytics.report import manifest
from privacy_analytics.report.attempts import Attempt, attempts
from privacy_analytics.report.places import numbered
from privacy_analytics.settings import Settings


@dataclass(frozen=True)
class Seen:
    """A run, or an attempt that came to nothing."""

    name: str
    """``"2026-10/usage_report/001"``, or an attempt's id in place of the number."""
    state: str
    """One of ``report.advice.STATES``."""
    attempt: Attempt | None
    """Who made the run, or tried; None for runs of version 0.1, which kept no record."""
    folder: Path | None
    """The run's; None where there is none."""

    @property
    def made(self) -> Mapping[str, Any]:
        """The run's manifest."""
        return manifest.read(self.folder) if self.folder else {}

    @property
    def began(self) -> str:
        """ISO 8601, UTC; empty where nobody wrote it down."""
        return self.attempt.began if self.attempt else ""


def history(settings: Settings, *, month: str = "", report: str = "", state: str = "") -> list[Seen]:
    """Runs and attempts, the newest first; of a month, a report (with all its parameter sets) or a state."""
    homes = sorted(home for home in settings.path("runs").glob(f"{month or '*'}/*") if home.is_dir())
    found = [
        each for home in homes if report in ("", home.name, home.name.partition("-")[0]) for each in at(settings, home)
    ]
    kept = [each for each in found if state in ("", each.state)]
    return sorted(kept, key=lambda each: (each.began, each.name), reverse=True)


def at(settings: Settings, home: Path) -> list[Seen]:
    """Those of one place."""
    tried, runs = attempts(home), numbered(home)
    made = [Seen(_name(folder), _state(settings, folder, runs[-1]), maker(tried, folder), folder) for folder in runs]
    return [*made, *(Seen(each.name, each.seen(), each, None) for each in tried if each.state != "finished")]


def find(settings: Settings, name: str) -> Seen:
    """One of them by its name; MONTH/REPORT is the newest of that place. Raises NotFound where there is none."""
    for each in history(settings):
        if name in (each.name, each.name.rpartition("/")[0]):
            return each
    raise NotFound("There is no such run or attempt. See which there are: pa runs list")


def maker(tried: list[Attempt], folder: Path) -> Attempt | None:
    """The attempt that made a run: the first that came to it, also where publishing it failed afterwards."""
    return next((each for each in tried if each.run == folder.name), None)


def _state(settings: Settings, folder: Path, newest: Path) -> str:
    if manifest.changed(folder, manifest.read(folder)):
        return "changed"
    if on_site(settings, folder):
        return "published"
    return "finished" if folder == newest else "superseded"


def _name(folder: Path) -> str:
    return "/".join(folder.parts[-3:])
