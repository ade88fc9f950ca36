"""What the states and exit codes of runs mean and what to do about them, in words that hold nothing of the run."""

from __future__ import annotations

from privacy_analytics.report.attempts import Attempt

STATES = {
    "running": "it is at work",
    "waiting": "it was told to try later: files of the month are awaited, or somebody else is at work",
    "failed": "it ended with an error, and left nothing but its record and perhaps failed.ipynb",
    "died": "its process ended without a word: killed, out of memory, or power lost",
    "finished": "it made a page, the newest of its place, which is not on the site",
    "published": "the site shows its page",
    "superseded": "it made a page; a newer one stands, and the site does not show this one",
    "changed": "it made a page; its files are not those any more",
}
_CODES = {
    1: ("a fault of this package", "Call the command by hand; it names the places to report."),
    2: ("the call or the notebook asks for what cannot be", "Call it by hand; it names the parameter or the cell."),
    10: ("settings, key, permissions or policy", "See what is wrong: pa doctor"),
    20: ("no such month, report or release", "Take the export in: pa ingest EXPORT. Then call it again."),
    30: ("the privacy budget or its ledger", "Ask the privacy officer; see: pa budget show, pa budget verify"),
    40: ("the gate kept it back", "Mend the notebook at the place named, then call it again: it spends nothing."),
    50: ("the notebook failed", "Open it with `pa lab` and run that cell. Then call it again: it spends nothing."),
    75: ("it waits", "Nothing; it is tried again. To hurry it: pa ingest the missing files."),
    130: ("interrupted", "Call it again; it goes on where it was."),
}
_OTHER = ("it failed", "Call the command by hand; it says more.")


def meaning(code: int) -> str:
    """``"the gate kept it back"``"""
    return _CODES.get(code, _OTHER)[0]


def what_to_do(attempt: Attempt) -> str:
    """One sentence for who has to act; empty where nobody has to."""
    if attempt.seen() == "died":
        return "Call it again: it goes on where it was; only what was being drawn is paid again."
    code = attempt.exit_code or 0
    return _CODES.get(code, _OTHER)[1] if code else ""
