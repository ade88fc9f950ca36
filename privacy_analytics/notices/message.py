"""A notice as text: which report, how it went, where it failed and what to do; nothing of what it found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from privacy_analytics.figures.words import PROVISIONAL
from privacy_analytics.report.advice import meaning, what_to_do
from privacy_analytics.report.attempts import Attempt
from privacy_analytics.settings import Settings

About = Literal["success", "failure"]


@dataclass(frozen=True)
class Notice:
    """What people are told."""

    id: str
    """The attempt's; a notice that is sent again keeps it."""
    about: About
    subject: str
    text: str


def composed(settings: Settings, attempt: Attempt) -> Notice:
    """The notice of a finished or failed attempt."""
    month, place = attempt.home.parent.name, attempt.home.name
    report, _, name = place.partition("-")
    done = attempt.state == "finished"
    code = attempt.exit_code or 0
    under = f', under "{attempt.heading}"' if attempt.heading else ""
    facts = [
        ("Report", report),
        ("Parameter set", name),
        ("Month", month),
        ("Snapshot", attempt.snapshot),
        ("", PROVISIONAL.capitalize() + "." if attempt.provisional else ""),
        ("State", "published" if done and attempt.published else attempt.state),
        ("Exit code", "" if done else f"{code}, {meaning(code)}"),
        ("Cell", f"{attempt.cell}{under}" if attempt.cell and not done else ""),
        ("Error", attempt.error),
        *(("Rule", rule) for rule in attempt.rules),
        ("Tries", str(attempt.tries) if attempt.tries > 1 else ""),
        ("Began", _when(attempt.began, settings)),
        ("Ended", _when(attempt.ended, settings)),
        ("Page", f"published/{month}/{place}/index.html" if done and attempt.published else ""),
    ]
    lines = [f"{label:<14} {text}" for label, text in facts if text]
    todo = what_to_do(attempt)
    said = "published" if done and attempt.published else "finished" if done else f"failed, exit {code}"
    return Notice(
        attempt.id,
        "success" if done else "failure",
        f"{settings.product}: {place} {month} {said}{' (provisional)' if done and attempt.provisional else ''}",
        "\n".join([*lines, "", *([todo] if todo else []), f"More: pa runs show {attempt.name}", ""]),
    )


def _when(at: str, settings: Settings) -> str:
    return f"{datetime.fromisoformat(at).astimezone(settings.zone):%Y-%m-%d %H:%M} {settings.timezone}"
