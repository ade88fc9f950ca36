"""``workspace.toml`` as one frozen value; what is missing, unknown or unsafe is refused with the fix.

A workspace is a folder (0700) with ``workspace.toml``, a 256-bit key in ``private/key`` (0600) and
everything that is made from the data. ``private/identity.json`` remembers where the workspace lives: a
copy could ask every question again under fresh noise, so a moved one opens only after the operator says
that it is the only one (``pa doctor --accept-restore``).
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import secrets
import tomllib
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from privacy_analytics.errors import NotFound, PolicyError, SettingsError

FORMAT = 1
FILE = "workspace.toml"
VARIABLE = "PRIVACY_ANALYTICS_WORKSPACE"
PURPOSES = ("usage", "cohorts", "marketing", "exploration", "revisions")
NOTICE_DAYS = 14
"""Days between posting a new policy and its taking effect (privacy policy §11)."""
FOLDERS = ("private", "lake", "snapshots", "releases", "runs", "published", "logs")


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


TEMPLATE = """\
# A privacy_analytics workspace. `pa doctor` says what is wrong with it and how to mend it.
format = {format}
product = {product}
contact_email = {contact}      # where people reach the privacy officer (policy §8, §10, §12)
timezone = {timezone}                         # months and days are cut here; fixed once data is in

[[policy]]                               # add a block for each new version; in force {days} days after posting (§11)
version = "1.0"
posted = {posted}
effective = {posted}

[loss]                                   # what one account can lose in one calendar month
epsilon = 2.0
delta = 1e-7
accounts = 100_000                       # order of magnitude; delta stays below 1 / (10 x accounts)

[loss.shares]                            # parts of rho, together at most 1
usage = 0.30
cohorts = 0.10
marketing = 0.20
exploration = 0.20
revisions = 0.20

[floors]                                 # a smaller released number of accounts is not shown
inside = 20
marketing = 50

[ledger]
url = "sqlite:///ledger.sqlite"          # relative to this folder

# A column of your own, with its public bounds or its public list of keys (keys/NAME.txt, one a line):
# [columns.events.preset_count]
# type = "integer"                       # integer, number, boolean or key
# bounds = [0, 500]
# purposes = ["usage", "exploration"]
"""

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
_TABLES = ("accounts", "chats", "events", "performance", "crashes", "support")
_TYPES = ("integer", "number", "boolean", "key")


def create(root: Path, *, product: str, contact_email: str, timezone: str, posted: date) -> Settings:
    """Write a new workspace into ``root``: settings, key, folders. Raises SettingsError where one stands already."""
    if (root / FILE).exists():
        raise SettingsError(f"There is a workspace in {root.name} already. Choose another folder.")
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o700)
    for name in FOLDERS:
        (root / name).mkdir(mode=0o700, exist_ok=True)
    (root / "keys").mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(root / "private" / "key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32) + "\n")
    text = TEMPLATE.format(
        format=FORMAT,
        product=json.dumps(product),
        contact=json.dumps(contact_email),
        timezone=json.dumps(timezone),
        posted=posted.isoformat(),
        days=NOTICE_DAYS,
    )
    partial = root / f"{FILE}.partial"
    partial.write_text(text)
    partial.chmod(0o600)
    partial.replace(root / FILE)
    accept_restore(root)
    return load(root)


def find(workspace: str | Path | None = None) -> Path:
    """The workspace folder: the one named, else $PRIVACY_ANALYTICS_WORKSPACE, else the nearest one upward."""
    named = workspace or os.environ.get(VARIABLE)
    if named:
        root = Path(named).expanduser().resolve()
        if (root / FILE).is_file():
            return root
        raise NotFound(f"There is no {FILE} in {named}. Make a workspace there with: pa init {named}")
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise NotFound(
        f"No workspace here or above. Make one with `pa init DIR`, or name it with -w DIR or ${VARIABLE}."
    )


def load(workspace: str | Path | None = None) -> Settings:
    """Read and check a workspace's settings.

    Raises
    ------
    NotFound
        no workspace there
    SettingsError
        an unknown or missing key, a wrong type, loose permissions, a moved workspace
    PolicyError
        a placeholder of the policy is not filled in, or its dates cannot be
    """
    root = find(workspace)
    settings = read(root)
    for name in ("", *FOLDERS):
        folder = root / name
        if folder.is_dir() and folder.stat().st_mode & 0o077:
            raise SettingsError(f"{name or 'The workspace'} can be read by others. Run: chmod 700 {folder}")
    settings.key()
    if not _at_home(root):
        raise SettingsError(
            "This workspace was moved, copied or restored. A second copy could ask every question again under fresh "
            "noise. If it is the only one in use, run: pa doctor --accept-restore"
        )
    return settings


def read(root: Path) -> Settings:
    """Parse and check ``workspace.toml`` alone (no permissions, no identity)."""
    try:
        raw: dict[str, Any] = tomllib.loads((root / FILE).read_text())
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{FILE} is not valid TOML: {error}. Mend that line.") from None
    columns = raw.pop("columns", {})
    _check(raw, _SHAPE, "")
    if raw["format"] != FORMAT:
        raise SettingsError(f"{FILE} has format {raw['format']}; this version reads format {FORMAT}. Upgrade one of them.")
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


def accept_restore(root: Path) -> None:
    """Remember this place as the workspace's home."""
    file = _identity_file(root)
    file.write_text(_identity(root))
    file.chmod(0o600)


def _identity_file(root: Path) -> Path:
    return root / "private" / "identity.json"


def _identity(root: Path) -> str:
    machine = Path("/etc/machine-id")
    host = machine.read_bytes() if machine.exists() else os.uname().nodename.encode()
    return json.dumps(
        {
            "host": hashlib.sha256(host).hexdigest()[:16],
            "path": hashlib.sha256(bytes(root.resolve())).hexdigest()[:16],
            "inode": (root / "private" / "key").stat().st_ino,
        }
    )


def _at_home(root: Path) -> bool:
    file = _identity_file(root)
    return file.exists() and file.read_text() == _identity(root)


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
                f"Policy {later.version} takes effect too early: changes are effective {NOTICE_DAYS} days after posting "
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
