"""Where runs lie: ``runs/MONTH/PLACE/NNN``, the place a report's name and, behind a dash, that of its parameter set.

On the site a report has the same place, so what is made beside another is published beside it, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.settings import Settings

PAGE, NOTEBOOK, MANIFEST, FAILED = "report.html", "report.ipynb", "manifest.json", "failed.ipynb"
OWN = ("month", "spend", "workspace")
"""Parameters that make no other report: when, how exactly, and where."""
_REPORT = re.compile(r"[a-z][a-z0-9_]{0,60}", re.ASCII)
VARIANT = re.compile(r"(?:-[a-z0-9_]+)*", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)
_LONGEST = 80


def check_month(month: str) -> None:
    """Raise UsageError for what is no month."""
    if not _MONTH.fullmatch(month):
        raise UsageError("A month is named like 2026-10.")


def placed(report: str, name: str, parameters: Mapping[str, Any]) -> str:
    """``"case_study-mix_assist"``: a report and the name of its parameter set; without a name its values are one.

    Raises UsageError for a name of either that could not be a folder's.
    """
    if not _REPORT.fullmatch(report):
        raise UsageError("A report is named by small letters, digits and _, like usage_report.")
    if name and not (VARIANT.fullmatch(f"-{name}") and len(name) < _LONGEST):
        raise UsageError("A parameter set is named by small letters, digits, _ and -, like mix_assist.")
    return report + (f"-{name}" if name else variant(parameters))


def variant(parameters: Mapping[str, Any]) -> str:
    """How a run's parameters tell it from others of the month: ``"-adopters-mix_assist"``, or nothing."""
    given = [str(value) for name, value in sorted(parameters.items()) if name not in OWN]
    slugs = [slug for each in given if (slug := re.sub(r"[^a-z0-9_]+", "-", each.lower()).strip("-"))]
    return "".join(f"-{slug}" for slug in slugs)[:_LONGEST].rstrip("-")


def finished(settings: Settings, run: str) -> Path:
    """The folder of a run named MONTH/PLACE (its newest) or MONTH/PLACE/NNN. Raises NotFound where there is none."""
    place = rf"({_MONTH.pattern})/({_REPORT.pattern})({VARIANT.pattern})"
    named = re.fullmatch(rf"{place}(?:/(\d{{3}}))?", run, re.ASCII)
    if not named:
        raise UsageError("A run is named MONTH/REPORT or MONTH/REPORT/NNN, such as 2026-10/usage_report.")
    month, report, variant, number = named.groups()
    runs = [each for each in numbered(settings.path("runs", month, report + variant)) if number in (None, each.name)]
    if not runs:
        raise NotFound(f"There is no such finished run. Make one: pa run {report} --month {month}")
    return runs[-1]


def numbered(home: Path) -> list[Path]:
    """The finished runs of a place, the newest last."""
    return sorted(folder for folder in home.glob("[0-9][0-9][0-9]") if folder.is_dir())
