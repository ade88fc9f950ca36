"""What is wrong with a workspace, and how to mend it."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from privacy_analytics import workspace
from privacy_analytics.contracts import tables
from privacy_analytics.curator import Curator
from privacy_analytics.errors import PrivacyAnalyticsError
from privacy_analytics.scrub.weights import model_file
from privacy_analytics.settings import Settings


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; a warning does not stop anything."""

    level: Literal["error", "warning"]
    what: str
    mend: str


def examine(root: Path) -> list[Finding]:
    """Every finding about a workspace: its place, settings, lists, ledger, model and platform."""
    found: list[Finding] = []
    if platform.system() == "Windows":
        found.append(Finding("error", "Windows has no file locks and permissions of the kind used here", "Use WSL2."))
    try:
        model_file()
    except PrivacyAnalyticsError as error:
        found.append(_finding("warning", error))
    try:
        settings = workspace.load(root)
        tables(settings)
        Curator(settings).ledger.verify()
    except PrivacyAnalyticsError as error:
        return [*found, _finding("error", error)]
    return [*found, *_warnings(settings)]


def _finding(level: Literal["error", "warning"], error: PrivacyAnalyticsError) -> Finding:
    what, _, mend = str(error).partition(". ")
    return Finding(level, what, mend or "See docs/operator.md.")


def _warnings(settings: Settings) -> list[Finding]:
    found: list[Finding] = []
    if settings.contact_email.endswith(("@localhost", ".localhost")):
        mend = "Set contact_email in workspace.toml before you publish (policy §12)."
        found.append(Finding("warning", "contact_email reaches this machine only", mend))
    if not list(settings.path("notebooks").glob("*.ipynb")):
        found.append(
            Finding(
                "warning", "there are no notebooks", "Copy the shipped ones: pa init in an empty folder shows them."
            )
        )
    if sys.version_info >= (3, 14):
        found.append(Finding("warning", "this Python is newer than what was tested", "Use Python 3.11 to 3.13."))
    return found
