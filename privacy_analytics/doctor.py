"""What is wrong with a workspace, and how to mend it."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from privacy_analytics import policy, workspace
from privacy_analytics.contracts import tables
from privacy_analytics.curator import Curator
from privacy_analytics.dp.ledger import Answer, Charge, Ledger
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import LedgerError, PrivacyAnalyticsError, UsageError
from privacy_analytics.rights.restore import Replayed, replay
from privacy_analytics.scrub.weights import model_file
from privacy_analytics.settings import Settings, read
from privacy_analytics.signing import named


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
        policy.ready(settings)
        tables(settings)
        curator = Curator(settings)
        curator.ledger.verify()
        missing = curator.ledger.missing(curator.store.ids())
    except PrivacyAnalyticsError as error:
        return [*found, _finding("error", error)]
    return [*found, *_moved(settings, len(missing)), *_warnings(settings)]


@dataclass(frozen=True)
class Accepted:
    """What was brought up to date in a restored workspace."""

    releases: int
    """Entered into the ledger."""
    accounts: Replayed
    written: int = 0
    """Releases written again from the ledger into a store that lacked them."""


def accept_restore(root: Path, *, name: str = "", reason: str = "", tombstones: Path | None = None) -> Accepted:
    """Erase again whoever was erased since, make this place the workspace's home, enter every stored release that its
    ledger does not know, and write again every one that the ledger holds and the store does not.

    People have seen those releases: each is charged as it says, whatever is left, and stays the answer to its question.
    Until the erased are gone the workspace does not open. ``tombstones`` is the newest suppression list.

    Raises
    ------
    UsageError
        there are strange releases, and nobody says who enters them and why
    LedgerError
        the ledger is broken, or one of those releases is
    SettingsError
        the suppression list cannot be used, or somebody could not be erased again
    """
    again = replay(read(root), by=named(name) if name else "", tombstones=tombstones)
    workspace.accept_restore(root)
    curator = Curator(workspace.load(root))
    ledger = curator.open_ledger()
    strange = ledger.unknown(curator.store.ids())
    if strange and not (name.strip() and reason.strip()):
        raise UsageError(
            f"{len(strange)} stored release(s) are not in the ledger. They are entered under a name and for a reason: "
            "pa doctor --accept-restore --name NAME --reason WHY"
        )
    answers = [_answer(curator.store, each) for each in strange]
    entered = ledger.enter(answers, name=name, reason=reason) if answers else 0
    return Accepted(entered, again, _complete(curator.store, ledger))


def _complete(store: ReleaseStore, ledger: Ledger) -> int:
    """Write the releases that the store lacks; returns how many. Whoever is releasing meanwhile has the turn before."""
    with ledger.turn():
        missing = ledger.missing(store.ids())
        for release_id, key in missing.items():
            store.put(release_id, ledger.released(key) or "")
    return len(missing)


def _answer(store: ReleaseStore, release_id: str) -> Answer:
    damaged = LedgerError(f"The stored release {release_id} is damaged. Restore its file, then do this again.")
    try:
        release = store.get(release_id)
        recorded = release.recorded or {}
        purpose = str(recorded.get("paid_from") or recorded["purpose"])
        months = tuple(map(str, release.question.get("reads") or [release.month]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise damaged from None
    if release_id != f"r-{release.key[:12]}":
        raise damaged
    return Answer(release.key, months, purpose, Charge(release.nano_rho, release.delta), release.to_json())


def _finding(level: Literal["error", "warning"], error: PrivacyAnalyticsError) -> Finding:
    return Finding(level, *_parts(str(error)))


def _parts(said: str) -> tuple[str, str]:
    """What is wrong, and how to mend it."""
    what, _, mend = said.partition(". ")
    return what, mend or "See docs/operator.md."


def _moved(settings: Settings, missing: int) -> list[Finding]:
    """What a move of ledger or releases to a database or back has left to do."""
    found: list[Finding] = []
    if missing:
        what = f"{missing} release(s) of the ledger are not in the release store"
        found.append(Finding("warning", what, "Write them again: pa doctor --accept-restore"))
    if not settings.ledger_url.startswith("sqlite") and settings.path("ledger.sqlite").exists():
        what = "an older ledger.sqlite lies beside the ledger that is in use"
        found.append(Finding("warning", what, "Move it away: who went back to it would spend again what is spent."))
    return found


def _warnings(settings: Settings) -> list[Finding]:
    found = [Finding("warning", *_parts(each)) for each in policy.lacks(settings)]
    if not list(settings.path("notebooks").glob("*.ipynb")):
        found.append(
            Finding(
                "warning", "there are no notebooks", "Copy the shipped ones: pa init in an empty folder shows them."
            )
        )
    if sys.version_info >= (3, 14):
        found.append(Finding("warning", "this Python is newer than what was tested", "Use Python 3.11 to 3.13."))
    return found
