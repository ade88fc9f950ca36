"""A workspace: a folder (0700) with ``workspace.toml``, a 256-bit key (0600) and all that is made of data.

``private/identity.json`` remembers where the workspace lives: a copy could ask every question again under fresh noise,
so a moved one opens only after the operator says that it is the only one (``pa doctor --accept-restore``).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from datetime import date
from pathlib import Path

from privacy_analytics.errors import NotFound, SettingsError
from privacy_analytics.settings import FILE, FORMAT, NOTICE_DAYS, Settings, read

VARIABLE = "PRIVACY_ANALYTICS_WORKSPACE"
FOLDERS = ("private", "lake", "snapshots", "releases", "runs", "approved", "published", "requests", "logs", "keys")
OLD_LAKE, NEXT_LAKE = "lake.old", "lake.next"
"""Beside ``lake`` while keys rotate."""

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

# Days that rows are kept, by table of the export; what is not named has no limit (policy §5). See `pa policy apply`.
# [retention]
# chats = 730

# Whom something may be given, since when by contract (policy §6), and in which regions (§9):
# [[recipients]]
# name = "Example Insights"
# category = "analytics"
# region = "US"
# purposes = ["marketing"]
# contract = 2026-09-01
# [sharing]
# regions = ["US", "CA"]

# Whose public holidays are no business days when a request's clock is read (ISO 3166):
# [rights]
# holidays = "US-CA"

# What counts (polars, duckdb, spark), what a scheduled run waits for, and who is told of it: docs/operations.md
# [schedule]
# expects = ["accounts", "chats", "events"]
# wait_hours = 72
# [notify]
# sender = "analytics@example.com"
# smtp = "smtp://localhost:25"
# success = ["product@example.com"]
# failure = ["oncall@example.com"]
"""


def create(root: Path, *, product: str, contact_email: str, timezone: str, posted: date) -> Settings:
    """Write a new workspace into ``root``: settings, key, folders. Raises SettingsError where one stands already."""
    if (root / FILE).exists():
        raise SettingsError(f"There is a workspace in {root.name} already. Choose another folder.")
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o700)
    for name in FOLDERS:
        (root / name).mkdir(mode=0o700, exist_ok=True)
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
    fixed = root / "private" / "timezone"
    fixed.write_text(timezone)
    fixed.chmod(0o600)
    accept_restore(root)
    return load(root)


def find(workspace: str | Path | None = None) -> Path:
    """The workspace folder: the one named, else $PRIVACY_ANALYTICS_WORKSPACE, else the nearest one upward."""
    named = workspace or os.environ.get(VARIABLE)
    if named:
        root = Path(named).expanduser().resolve()
        try:
            if (root / FILE).is_file():
                return root
        except PermissionError:
            raise SettingsError(
                f"{named} is another user's. Ask its operator for the socket, and name that: unix:///run/….sock"
            ) from None
        raise NotFound(f"There is no {FILE} in {named}. Make a workspace there with: pa init {named}")
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise NotFound(f"No workspace here or above. Make one with `pa init DIR`, or name it with -w DIR or ${VARIABLE}.")


def load(workspace: str | Path | None = None, *, rotating: bool = False) -> Settings:
    """Read and check a workspace's settings.

    Parameters
    ----------
    workspace : its folder; see ``find``
    rotating : an interrupted rotation of keys does not matter, for the command that completes it

    Raises
    ------
    NotFound
        no workspace there
    SettingsError
        an unknown or missing key, a wrong type, loose permissions, a moved workspace, keys half rotated
    PolicyError
        a placeholder of the policy is not filled in, or its dates cannot be
    """
    root = find(workspace)
    settings = read(root)
    _check_private(root)
    settings.secret_keys()
    fixed = root / "private" / "timezone"
    if not fixed.is_file() or fixed.read_text() != settings.timezone:
        raise SettingsError(
            "timezone is not the one that this workspace was made with (private/timezone); its months are cut there. "
            "Set it back, or restore that file."
        )
    if not _at_home(root):
        raise SettingsError(
            "This workspace was moved, copied or restored. A second copy could ask every question again under fresh "
            "noise. If it is the only one in use, run: pa doctor --accept-restore"
        )
    if not rotating:
        check_rotated(settings)
    return settings


def generation(lake: Path) -> int:
    """How many keys all pseudonyms of a lake's folder nest."""
    said = lake / "generation"
    return int(said.read_text()) if said.exists() else 1


def half_rotated(settings: Settings) -> bool:
    """Whether a rotation of keys was begun and is not complete: some pseudonyms may be those of an older key."""
    return settings.path(OLD_LAKE).exists() or generation(settings.path("lake")) < len(settings.secret_keys())


def check_rotated(settings: Settings) -> None:
    """Raise SettingsError where the lake does not nest exactly the workspace's keys."""
    if half_rotated(settings):
        raise SettingsError(
            "A key rotation was interrupted, or the lake is from before one. Complete it: pa keys rotate --by NAME"
        )
    if generation(settings.path("lake")) > len(settings.secret_keys()):
        raise SettingsError("private/key is older than the lake, which nests a newer key. Restore the newest one.")


def add_key(file: Path) -> None:
    """Append a new key of 256 bits to a file of keys.

    In place, since the file's inode is of what tells that the workspace has not moved. A line is shorter than a disk's
    sector, so a crash leaves all of it or none.
    """
    with file.open("ab", buffering=0) as keys:
        keys.write(secrets.token_hex(32).encode() + b"\n")
        os.fsync(keys.fileno())


def accept_restore(root: Path) -> None:
    """Remember this place as the workspace's home."""
    file = _identity_file(root)
    file.write_text(_identity(root))
    file.chmod(0o600)


def _check_private(root: Path) -> None:
    """Folders, keys, ledger and requests are their owner's alone. A few stats: what lies deeper is behind a folder."""
    inside = [*root.glob("private/*"), *root.glob("requests/*"), root / "ledger.sqlite"]
    for path in (root, *(root / name for name in FOLDERS), *inside):
        try:
            about = path.stat()
        except FileNotFoundError:
            continue
        name = path.relative_to(root) if path != root else "The workspace"
        if about.st_uid != os.geteuid():
            raise SettingsError(f"{name} belongs to another user. Work as that user, or run: chown -R $(id -un) {root}")
        if about.st_mode & 0o077:
            raise SettingsError(f"{name} can be read by others. Run: chmod {700 if path.is_dir() else 600} {path}")


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
