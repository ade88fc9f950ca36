"""Who may be given what, and the ledger of exports: lines ``share`` of the audit log (policy §6, §9).

Recipients outside stand in ``workspace.toml`` with category, region, purposes and the day of their contract. What the
policy calls anonymized (§4) may also go to people inside and, once published, to everybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import PolicyError
from privacy_analytics.policy import document, in_force
from privacy_analytics.settings import Settings


@dataclass(frozen=True)
class Audience:
    """Whom something is handed to, and the clause that allows it."""

    name: str
    region: str
    clause: int


MARKETING = Audience("marketing", "inside", 4)
EVERYBODY = Audience("public site", "everywhere", 4)


@dataclass(frozen=True)
class Export:
    """One line of the ledger of exports."""

    at: datetime
    what: tuple[str, ...]
    """Ids of statistics, or a report as MONTH/REPORT."""
    purpose: str
    clause: int
    recipient: str
    region: str


def require(settings: Settings, name: str, purpose: str, today: date | None = None) -> Audience:
    """The registered recipient of a name, where it may be given something for a purpose.

    Raises
    ------
    PolicyError
        nobody of that name is registered; the policy in force does not name its category; it has no contract yet, is
        not registered for the purpose, or is in a region that is not on the allow-list
    """
    recipient = next((each for each in settings.recipients if each.name == name), None)
    if recipient is None:
        raise PolicyError(
            "No such recipient. Enter it under [[recipients]] in workspace.toml: name, category, region, purposes, "
            "contract (policy §6)."
        )
    categories = document(settings, in_force(settings).version).recipients
    if recipient.category not in categories:
        raise PolicyError(
            f"The policy names no such category of recipients (policy §6). Choose one of: {', '.join(categories)}."
        )
    category = categories[recipient.category]
    if category.under == "contract" and recipient.contract > (today or datetime.now(settings.zone).date()):
        raise PolicyError(
            "The contract with this recipient is of a later day. Wait for it, or mend its day (policy §6)."
        )
    if purpose not in recipient.purposes:
        raise PolicyError(
            f"This recipient is registered for: {', '.join(recipient.purposes) or 'nothing'}. Requested: {purpose}. "
            "Enter the purpose in workspace.toml if its contract covers it (policy §6)."
        )
    if recipient.region not in settings.regions:
        raise PolicyError(
            "Recipient's region is not on the allow-list (policy §9). Add it under [sharing] regions, or choose "
            "another recipient."
        )
    return Audience(recipient.name, recipient.region, category.clause)


def record(settings: Settings, what: Iterable[str], *, purpose: str, to: Audience) -> None:
    """Write down that something is handed out, before it is."""
    AuditLog(settings).add(
        "share", what=sorted(what), purpose=purpose, clause=to.clause, recipient=to.name, region=to.region
    )


def exports(settings: Settings) -> list[Export]:
    """The ledger of exports, oldest first."""
    told = (entry for entry in AuditLog(settings).entries() if entry.action == "share")
    return [Export(entry.at, tuple(entry.facts["what"]), *(entry.facts[name] for name in _ABOUT)) for entry in told]


_ABOUT = ("purpose", "clause", "recipient", "region")
