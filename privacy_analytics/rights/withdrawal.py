"""Reports that have to leave the site because they hold something of an erased account, and their replacement.

What is still to be done stands in ``requests/withdrawn.json`` until it is done, whatever is killed in between.
"""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from privacy_analytics.errors import PrivacyAnalyticsError
from privacy_analytics.lake import write_private
from privacy_analytics.settings import Settings


class Withdrawals:
    """What was taken off the site of a workspace and is not made again yet."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._file = settings.path("requests", "withdrawn.json")

    def report(self, folder: Path) -> None:
        """Take a report (``published/MONTH/REPORT``) off the site."""
        place = folder.relative_to(self.settings.root).as_posix()
        self._note([*(each for each in self._open() if each["place"] != place), self._told(folder, place)])
        gone(folder, f".{folder.name}.retired")

    def other(self) -> None:
        """Something else of the site is about to go: its index has to be made anew."""
        self._note(self._open())

    def rebuild(self, today: date) -> None:
        """Make the site anew where something of it went. Raises what ``Site.build`` raises."""
        if self._file.exists():
            from privacy_analytics.marketing.site import Site

            Site(self.settings, today).build()

    def replace(self) -> list[str]:
        """Run the withdrawn reports again (they spend nothing) and say what became of each. No lock may be held."""
        said = [f"withdrawn {each['place']} -> {self._again(each)}" for each in self._open()]
        self._file.unlink(missing_ok=True)
        return said

    def _again(self, told: dict[str, Any]) -> str:
        from privacy_analytics.report.run import run
        from privacy_analytics.snapshots import named

        month, report = told["month"], told["report"]
        try:
            frozen = named(self.settings, told.get("snapshot") or month)
            given, name = told["parameters"], told.get("set", "")
            made = run(
                self.settings,
                report,
                month=month,
                snapshot=frozen.token,
                provisional=frozen.provisional,
                parameters=given,
                name=name,
            )
        except PrivacyAnalyticsError as error:
            return f"not made again ({type(error).__name__}); see: pa run {report} --month {month}"
        return f"replaced by {made.folder.relative_to(self.settings.root).as_posix()}; look at it and publish it again"

    def _told(self, folder: Path, place: str) -> dict[str, Any]:
        """What it takes to make a report again: what the run says that it was published from."""
        from privacy_analytics.report.manifest import variant_of

        month, name = folder.parent.name, folder.name
        published = _manifest(folder)
        for run in sorted(self.settings.path("runs", month).glob("*/[0-9][0-9][0-9]"), reverse=True):
            made = _manifest(run)
            if "sha256" in published and made.get("files", {}).get("report.html") == published["sha256"]:
                given = {key: str(value) for key, value in made["parameters"].items() if key not in _OWN}
                kept = {"report": made["report"], "set": variant_of(made)[1:], "snapshot": made["snapshot"]}
                return {"place": place, "month": month, "parameters": given, **kept}
        return {"place": place, "month": month, "report": published.get("report", name), "parameters": {}}

    def _open(self) -> list[dict[str, Any]]:
        return json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else []

    def _note(self, told: list[dict[str, Any]]) -> None:
        write_private(self._file, json.dumps(told, indent=1))


def gone(folder: Path, hidden: str) -> None:
    """Remove a folder at once: a reader, or a crash, finds all of it or nothing under its name."""
    away = folder.with_name(hidden)
    shutil.rmtree(away, ignore_errors=True)
    folder.rename(away)
    shutil.rmtree(away)


def _manifest(folder: Path) -> dict[str, Any]:
    file = folder / "manifest.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


_OWN = ("month", "workspace")
"""Parameters that a run is given anyway."""
