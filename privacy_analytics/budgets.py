"""What one account can lose in a month, shared between purposes: as purses, and as the answer to ``budget``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from privacy_analytics.dp import mechanisms
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.drawing import Purse
from privacy_analytics.settings import Settings
from privacy_analytics.snapshots import Snapshot

REVISIONS = "revisions"
"""The purpose whose share pays for a month that is read again, whatever purpose reads it."""


@dataclass(frozen=True)
class Budgets:
    """The privacy loss that a workspace allows, beside what its ledger has spent of it."""

    settings: Settings
    ledger: Ledger

    @property
    def monthly(self) -> int:
        """The nano-rho that (ε, δ) buys in a month: half of δ is for the conversion."""
        return mechanisms.nano_rho_for(self.settings.loss.epsilon, self.settings.loss.delta / 2)

    def epsilon(self, nano_rho: int) -> float:
        """The ε of a rho, at the half of δ that is kept for conversion."""
        return mechanisms.epsilon_of(nano_rho, self.settings.loss.delta / 2)

    def purse(self, months: tuple[str, ...], purpose: str) -> Purse:
        """One purpose's part of what (ε, δ) buys; of δ its share of the half that thresholds may spend."""
        share, delta = self.settings.loss.shares[purpose], self.settings.loss.delta / 2
        return Purse(self.ledger, months, purpose, Charge(int(share * self.monthly), int(share * delta * 1e15)))

    def open_to(self, purpose: str, purse: Purse) -> Charge:
        """What of a purse a purpose may take: all that is left of its own.

        Of the share of revisions only the part that it has of all others' shares: so a revised report leaves something
        for the other purposes, and a revision for the next.
        """
        if purpose == purse.purpose:
            return purse.left
        shares = self.settings.loss.shares
        part = shares[purpose] / max(sum(share for name, share in shares.items() if name != REVISIONS), 1e-9)
        return Charge(int(part * purse.left.nano_rho), int(part * purse.left.delta))

    def purses(self, month: str) -> dict[str, Purse]:
        """Every purpose's part of a month."""
        return {purpose: self.purse((month,), purpose) for purpose in self.settings.loss.shares}

    def told(self, month: str) -> dict[str, Any]:
        """What each purpose of the month has spent and has left, and what an account may have lost in all months."""
        loss = self.settings.loss
        months = {month: charge.nano_rho for month, charge in self.ledger.spent_by_month().items()}
        purposes = {
            purpose: {name: getattr(purse, name).nano_rho for name in ("allowance", "spent", "left")}
            for purpose, purse in self.purses(month).items()
        }
        return {
            "month": month,
            "epsilon": loss.epsilon,
            "delta": loss.delta,
            "nano_rho": self.monthly,
            "purposes": purposes,
            "epsilon_spent": self.epsilon(sum(row["spent"] for row in purposes.values())),
            "lifetime": {"months": months, "epsilon": self.epsilon(sum(months.values()))},
        }


def paid_from(frozen: Snapshot, purpose: str) -> str:
    """The purpose whose share a question pays from."""
    return REVISIONS if frozen.revision else purpose
