"""One hierarchy. Every message says what to do next; none holds a value from a row.

    PrivacyAnalyticsError            exit code
    ├── UsageError                    2   a question or command that cannot mean anything
    ├── SettingsError                10   workspace.toml, key, permissions
    │   └── PolicyError              10   the privacy policy forbids it, or is not filled in
    ├── ContractError                20   an export breaks its contract as a whole
    ├── NotFound                     20   no such month, account, report, release
    ├── LedgerError                  30   the ledger is broken, or older than its releases
    │   └── InsufficientLoss         30   the privacy loss asked for is not left
    ├── GateError                    40   the bytes may not be published
    ├── NotebookError                50   a report notebook failed
    └── TryLater                     75   somebody else holds the lock

``exit_code`` is what the command line returns (75 is EX_TEMPFAIL of sysexits.h).
"""

from __future__ import annotations

import traceback
from typing import Literal

LOST = "This question could not be answered. Its charge is gone; the operator's log names the cause."
"""What is said of every failure while noise was drawn: which one it was could tell something about the data."""


class PrivacyAnalyticsError(Exception):
    """Anything this package refuses to do, with the way forward in its text."""

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of every frame: the line that asked, where it was refused, and what to do."""
        frames = traceback.extract_tb(self.__traceback__)
        asked = [f"Line {frame.lineno}: {frame.line}" for frame in frames if frame.name == "<module>"][:1]
        refused = [f"File {frame.filename}:{frame.lineno}" for frame in frames[-1:] if frame.name != "<module>"]
        return [*asked, *refused, "", f"{type(self).__name__}: {self}"]


class UsageError(PrivacyAnalyticsError):
    """A question or command that cannot mean anything."""

    exit_code = 2


class SettingsError(PrivacyAnalyticsError):
    """The workspace is not set up, or not safely."""

    exit_code = 10


class PolicyError(SettingsError):
    """The privacy policy forbids it, or is not filled in."""


class ContractError(PrivacyAnalyticsError):
    """An export breaks its contract as a whole, so nothing of it lands."""

    exit_code = 20


class NotFound(PrivacyAnalyticsError):
    """There is no such month, account, report or release."""

    exit_code = 20


class LedgerError(PrivacyAnalyticsError):
    """The ledger cannot be trusted or does not allow it."""

    exit_code = 30


class InsufficientLoss(LedgerError):
    """The privacy loss asked for is not left in its share of the month.

    Parameters
    ----------
    requested, remaining : privacy loss in nano-rho (1e-9 of zCDP rho), or of delta in 1e-15
    scope : whose share it is, for instance ``"usage of 2026-10"``
    of : which of the two is not left
    """

    def __init__(self, *, requested: int, remaining: int, scope: str, of: Literal["rho", "delta"] = "rho") -> None:
        self.requested, self.remaining, self.scope = requested, remaining, scope
        needs, left = (f"{n / 1e9:.6f}" if of == "rho" else f"{n / 1e15:.3g}" for n in (requested, remaining))
        super().__init__(
            f"This needs {of} {needs}; {scope} has {left} left.\n"
            "Answers released before cost nothing: ask for one of those, ask for a smaller share, "
            "wait for the next month, or have the privacy officer grant more."
        )


class GateError(PrivacyAnalyticsError):
    """The final bytes failed a check, so they are not published.

    Parameters
    ----------
    findings : one line each, naming rule and place, never the text found
    """

    exit_code = 40

    def __init__(self, findings: list[str]) -> None:
        self.findings = findings
        lines = "\n".join(f"  - {finding}" for finding in findings[:20])
        more = f"\n  and {len(findings) - 20} more" if len(findings) > 20 else ""
        super().__init__(f"Not published: {len(findings)} finding(s) in the final bytes.\n{lines}{more}")


class NotebookError(PrivacyAnalyticsError):
    """A notebook failed while it ran; what it printed stays private."""

    exit_code = 50


class TryLater(PrivacyAnalyticsError):
    """Somebody else holds the lock; the same call works later."""

    exit_code = 75
