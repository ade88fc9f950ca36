"""What a release costs, in the two currencies that the ledger counts."""

from __future__ import annotations

from dataclasses import dataclass

from privacy_analytics.errors import UsageError


@dataclass(frozen=True)
class Charge:
    """A price in zCDP (which adds up: Bun and Steinke 2016, lemma 1.7) and in the δ of thresholds (which does too).

    Raises UsageError below nothing: what is spent is never given back.
    """

    nano_rho: int = 0
    """1e-9 of zCDP rho, rounded up where it was priced."""
    delta: int = 0
    """1e-15 of δ, rounded up where it was priced."""

    def __post_init__(self) -> None:
        if min(self.nano_rho, self.delta) < 0:
            raise UsageError("A charge is nothing or more. What was spent is never given back.")

    def __add__(self, other: Charge) -> Charge:
        return Charge(self.nano_rho + other.nano_rho, self.delta + other.delta)

    def __sub__(self, other: Charge) -> Charge:
        """What is left of it, at least nothing."""
        return Charge(max(self.nano_rho - other.nano_rho, 0), max(self.delta - other.delta, 0))

    def within(self, other: Charge) -> bool:
        """Whether both parts are at most the other's."""
        return self.nano_rho <= other.nano_rho and self.delta <= other.delta


NOTHING = Charge()
