"""``workspace.toml`` as one frozen value; what is missing, unknown or impossible is refused with the fix."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from privacy_analytics.errors import PolicyError, SettingsError

FORMAT = 1
FILE = "workspace.toml"
PURPOSES = ("usage", "cohorts", "marketing", "exploration", "revisions")
NOTICE_DAYS = 14
"""Days between posting a new policy and its taking effect (privacy policy §11)."""


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

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def path(self, *parts: str) -> Path:
        """A path inside the workspace."""
        return self.root.joinpath(*parts)

    def key(self) -> bytes:
        """The 32 bytes that pseudonyms are made with. Raises SettingsError where they are not safe."""
        file = self.path("private", "key")
        try:
            mode = file.stat().st_mode & 0o777
            key = bytes.fromhex(file.read_text().strip())
        except FileNotFoundError:
            raise SettingsError(
                "The workspace has no private/key. Restore it from its backup: without it no account can be recognised."
            ) from None
        except ValueError:
            raise SettingsError("private/key is not 64 hexadecimal digits. Restore it from its backup.") from None
        if mode & 0o077:
            raise SettingsError(f"private/key can be read by others (mode {mode:o}). Run: chmod 600 {file}")
        if len(key) != 32:
            raise SettingsError("private/key is not 256 bits long. Restore it from its backup.")
        return key


_SHAPE: dict[str, Any] = {
    "format": int,
    "product": str,
    "contact_email": str,
    "timezone": str,
    "policy": [{"version": str, "posted": date, "effective": date}],
    "loss": {"epsilon": float, "delta": float, "accounts": int, "shares": dict.fromkeys(PURPOSES, float)},
    "floors": {"inside": int, "marketing": int},
    "ledger": {"url": str},
}
_COLUMN_KEYS = {"type": str, "bounds": list, "keys": str, "purposes": list}
_TABLES = ("accounts", "chats", "events", "projects", "performance", "crashes", "support")
_TYPES = ("integer", "number", "boolean", "key")
_TAKEN = (
    *("account", "account_hash", "row_id", "month", "batch", "day", "week", "hour", "messages", "rows"),
    *("cell", "cell_hash", "n", "number", "value", "outside"),
)
"""Names that the lake and the bounding plan give to columns of their own."""


def read(root: Path) -> Settings:
    """Parse and check ``workspace.toml``.

    Raises
    ------
    SettingsError
        an unknown or missing key, a wrong type, loss or shares that cannot be
    PolicyError
        a placeholder of the policy is not filled in, or its dates cannot be
    """
    try:
        raw: dict[str, Any] = tomllib.loads((root / FILE).read_text())
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{FILE} is not valid TOML: {error}. Mend that line.") from None
    columns = raw.pop("columns", {})
    _check(raw, _SHAPE, "")
    if raw["format"] != FORMAT:
        raise SettingsError(
            f"{FILE} has format {raw['format']}; this version reads format {FORMAT}. Upgrade one of them."
        )
    for key in ("product", "contact_email"):
        if re.search(r"^\s*$|\[[A-Z][^\]]*\]", raw[key]):
            raise PolicyError(f"{key} in {FILE} is not filled in (policy §8, §10, §12). Set it to the real one.")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", raw["contact_email"]):
        raise PolicyError(f"contact_email in {FILE} is not an e-mail address (policy §12). Set it to the officer's.")
    try:
        ZoneInfo(raw["timezone"])
    except (ZoneInfoNotFoundError, ValueError):
        hint = _meant(raw["timezone"], available_timezones())
        raise SettingsError(f"timezone in {FILE} is not an IANA time zone.{hint}") from None
    return Settings(
        root=root,
        product=raw["product"],
        contact_email=raw["contact_email"],
        timezone=raw["timezone"],
        policy=_policy(raw["policy"]),
        loss=_loss(raw["loss"]),
        floors=Floors(**raw["floors"]),
        ledger_url=raw["ledger"]["url"],
        columns=_columns(columns),
    )


def _check(value: dict[str, Any], shape: dict[str, Any], where: str) -> None:
    for key in value:
        if key not in shape:
            raise SettingsError(f"{FILE} has an unknown key {where}{key}.{_meant(key, shape)} Remove or rename it.")
    for key, kind in shape.items():
        if key not in value:
            raise SettingsError(f"{FILE} lacks {where}{key}. Add it; `pa init` in an empty folder shows its form.")
        found = value[key]
        if isinstance(kind, dict):
            inner = cast("dict[str, Any]", kind)
            _expect(found, dict, f"{where}{key}")
            _check(found, inner, f"{where}{key}.")
        elif isinstance(kind, list):
            rows = cast("list[dict[str, Any]]", kind)
            _expect(found, list, f"{where}{key}")
            for row in found:
                _expect(row, dict, f"{where}{key}")
                _check(row, rows[0], f"{where}{key}.")
        else:
            _expect(found, kind, f"{where}{key}")


def _expect(found: object, kind: type, where: str) -> None:
    if where.startswith("policy") and kind is date and isinstance(found, str):
        raise PolicyError(f"{where} in {FILE} is not filled in (policy §11). Write a date such as 2026-11-23.")
    fits = isinstance(found, (int, float) if kind is float else kind) and not isinstance(found, bool)
    if not fits:
        raise SettingsError(f"{where} in {FILE} is not a {kind.__name__}. Write one.")


def _meant(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]}?" if close else ""


def _policy(rows: list[dict[str, Any]]) -> tuple[PolicyVersion, ...]:
    versions = tuple(sorted((PolicyVersion(**row) for row in rows), key=lambda v: v.effective))
    if not versions:
        raise PolicyError(f"{FILE} names no [[policy]] version. Add one with its version, posted and effective.")
    if len({v.version for v in versions}) < len(versions):
        raise PolicyError(f"Two [[policy]] blocks in {FILE} have the same version. Number the newer one anew.")
    for first, later in enumerate(versions):
        least = later.posted + timedelta(days=NOTICE_DAYS if first else 0)
        if later.effective < least:
            raise PolicyError(
                f"Policy {later.version} takes effect too early: changes hold {NOTICE_DAYS} days after posting "
                f"(policy §11). Set effective = {least}."
            )
    return versions


def _loss(raw: dict[str, Any]) -> Loss:
    loss = Loss(**raw)
    if not 0 < loss.epsilon <= 20:
        raise SettingsError(f"loss.epsilon in {FILE} is not between 0 and 20. Start with 2.0.")
    if not 0 < loss.delta < 1 / (10 * max(loss.accounts, 1)):
        raise SettingsError(f"loss.delta in {FILE} is not below 1 / (10 x loss.accounts). Lower it.")
    if min(loss.shares.values()) < 0 or sum(loss.shares.values()) > 1 + 1e-9:
        raise SettingsError(f"loss.shares in {FILE} are negative or add up to more than 1. Lower one of them.")
    return loss


def _columns(raw: dict[str, dict[str, dict[str, Any]]]) -> dict[str, dict[str, DeclaredColumn]]:
    declared: dict[str, dict[str, DeclaredColumn]] = {}
    for table, columns in raw.items():
        if table not in _TABLES:
            raise SettingsError(f"[columns.{table}] in {FILE} is no table.{_meant(table, _TABLES)}")
        for name, column in columns.items():
            where = f"columns.{table}.{name}"
            if name in _TAKEN:
                raise SettingsError(f"{where} in {FILE} has a name that is taken. Choose another one.")
            for key, value in column.items():
                if key not in _COLUMN_KEYS:
                    raise SettingsError(f"{FILE} has an unknown key {where}.{key}.{_meant(key, _COLUMN_KEYS)}")
                _expect(value, _COLUMN_KEYS[key], f"{where}.{key}")
            if column.get("type") not in _TYPES:
                raise SettingsError(f"{where}.type in {FILE} is none of {', '.join(_TYPES)}. Choose one.")
            purposes = tuple(column.get("purposes", ("usage", "exploration")))
            if unknown := [purpose for purpose in purposes if purpose not in PURPOSES]:
                raise SettingsError(f"{where}.purposes in {FILE} has an unknown purpose.{_meant(unknown[0], PURPOSES)}")
            declared.setdefault(table, {})[name] = DeclaredColumn(
                type=column["type"],
                bounds=_bounds(column, where),
                keys=column.get("keys"),
                purposes=purposes,
            )
    return declared


def _bounds(column: dict[str, Any], where: str) -> tuple[int, int] | None:
    if column["type"] == "key" and "keys" not in column:
        raise SettingsError(f'{where} in {FILE} needs its public list: keys = "NAME" for keys/NAME.txt.')
    if column["type"] not in ("integer", "number"):
        return None
    bounds = column.get("bounds", [])
    if len(bounds) != 2 or not all(isinstance(bound, int) for bound in bounds) or bounds[0] >= bounds[1]:
        raise SettingsError(f"{where} in {FILE} needs public bounds, two whole numbers: bounds = [0, 500].")
    return bounds[0], bounds[1]
