"""What ``workspace.toml`` says, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from privacy_analytics.errors import SettingsError
from privacy_analytics.settings.operating import Operating

FORMAT = 1
FILE = "workspace.toml"
PURPOSES = ("usage", "cohorts", "marketing", "exploration", "revisions")
NOTICE_DAYS = 14
"""Days between posting a new policy and its taking effect (privacy policy §11)."""
TABLES = ("accounts", "chats", "events", "projects", "performance", "crashes", "support")
"""The tables of an export."""


@dataclass(frozen=True)
class PolicyVersion:
    """One version of the privacy policy: posted on a day, in force from 00:00 UTC of another."""

    version: str
    posted: date
    effective: date


@dataclass(frozen=True)
class Loss:
    """What one account can lose in one calendar month, as (ε, δ); shares are parts of zCDP rho."""

    epsilon: float
    delta: float
    accounts: int
    """Declared order of magnitude of the population; δ stays below 1 / (10 x accounts)."""
    shares: dict[str, float]


@dataclass(frozen=True)
class Floors:
    """Smallest released number of accounts that is shown, inside and in marketing."""

    inside: int
    marketing: int


@dataclass(frozen=True)
class DeclaredColumn:
    """A column that the workspace adds to a table of the contract."""

    type: str
    bounds: tuple[int, int] | None = None
    keys: str | None = None
    purposes: tuple[str, ...] = ("usage", "exploration")


@dataclass(frozen=True)
class Recipient:
    """Somebody outside who may be given something (policy §6)."""

    name: str
    category: str
    """Which of the policy's kinds of recipients it is."""
    region: str
    purposes: tuple[str, ...]
    contract: date
    """Day of the contract that binds it (Cal. Civ. Code 1798.100(d), 1798.140(m))."""


@dataclass(frozen=True)
class Settings:
    """Everything ``workspace.toml`` says; paths hang off ``root``."""

    root: Path
    product: str
    contact_email: str
    timezone: str
    policy: tuple[PolicyVersion, ...]
    loss: Loss
    floors: Floors
    ledger_url: str
    columns: dict[str, dict[str, DeclaredColumn]] = field(default_factory=dict[str, dict[str, DeclaredColumn]])
    retention: dict[str, int] = field(default_factory=dict[str, int])
    """Days that rows of an export's table are kept; without an entry there is no limit (policy §5)."""
    recipients: tuple[Recipient, ...] = ()
    regions: tuple[str, ...] = ()
    """Where recipients may be (policy §9); none named: nowhere."""
    holidays: str = "US"
    """Whose public holidays are no business days, as COUNTRY or COUNTRY-SUBDIVISION (ISO 3166)."""
    operating: Operating = field(default_factory=Operating)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def ledger_at(self) -> str:
        """``ledger_url``, a file that is relative to the workspace made absolute."""
        file = self.ledger_url.removeprefix("sqlite:///")
        relative = file != self.ledger_url and not file.startswith("/")
        return f"sqlite:///{self.path(file)}" if relative else self.ledger_url

    def path(self, *parts: str) -> Path:
        """A path inside the workspace."""
        return self.root.joinpath(*parts)

    def secret_keys(self) -> tuple[bytes, ...]:
        """The keys of 32 bytes that pseudonyms are made with, the newest last: each nests in the one before.

        Raises SettingsError where they are not safe.
        """
        return read_keys(self.path("private", "key"))


def read_keys(file: Path) -> tuple[bytes, ...]:
    """Keys of 256 bits from a file of one a line, in hexadecimal digits. Raises SettingsError where it is not safe."""
    name = f"{file.parent.name}/{file.name}"
    try:
        mode = file.stat().st_mode & 0o777
        keys = tuple(bytes.fromhex(line) for line in file.read_text().split())
    except FileNotFoundError:
        raise SettingsError(
            f"The workspace has no {name}. Restore it from its backup: without it no account can be recognised."
        ) from None
    except ValueError:
        raise SettingsError(f"{name} is not 64 hexadecimal digits a line. Restore it from its backup.") from None
    if mode & 0o077:
        raise SettingsError(f"{name} can be read by others (mode {mode:o}). Run: chmod 600 {file}")
    if not keys or any(len(key) != 32 for key in keys):
        raise SettingsError(f"{name} is not 256 bits a line. Restore it from its backup.")
    return keys
