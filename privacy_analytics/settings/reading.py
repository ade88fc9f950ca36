"""``workspace.toml`` parsed and checked; what is missing, unknown or impossible is refused with the fix."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from privacy_analytics.errors import PolicyError, SettingsError
from privacy_analytics.settings.operating import ENGINES, MOST_HOURS, Notify, Operating, Schedule, Spark, Tls
from privacy_analytics.settings.shape import ANY, check, expect, meant
from privacy_analytics.settings.values import (
    FILE,
    FORMAT,
    NOTICE_DAYS,
    PURPOSES,
    TABLES,
    DeclaredColumn,
    Floors,
    Loss,
    PolicyVersion,
    Recipient,
    Settings,
)

_SHAPE: dict[str, Any] = {
    "format": int,
    "product": str,
    "contact_email": str,
    "timezone": str,
    "policy": [{"version": str, "posted": date, "effective?": date}],
    "loss": {
        "epsilon": float,
        "delta": float,
        "accounts": int,
        "shares": {**dict.fromkeys(PURPOSES, float), ANY: float},
    },
    "floors": {"inside": int, "marketing": int},
    "ledger": {"url": str},
    "retention?": {f"{table}?": int for table in TABLES if table != "accounts"},
    "recipients?": [{"name": str, "category": str, "region": str, "purposes": [str], "contract": date}],
    "sharing?": {"regions": [str]},
    "rights?": {"holidays": str},
    "engine?": str,
    "spark?": {"master?": str, "conf?": {ANY: str}},
    "releases?": {"url": str},
    "schedule?": {"expects?": [str], "wait_hours?": int},
    "notify?": {
        "sender?": str,
        "smtp?": str,
        "success?": [str],
        "failure?": [str],
        "success_command?": [str],
        "failure_command?": [str],
    },
    "serve?": {"certificate": str, "private_key": str},
}
_COLUMN_KEYS = {"type": str, "bounds": list, "keys": str, "purposes": list}
_TYPES = ("integer", "number", "boolean", "key")
_TAKEN = (
    *("account", "account_hash", "row_id", "month", "batch", "day", "week", "hour", "messages", "rows", "policy"),
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
    if raw.get("format", FORMAT) != FORMAT:  # first: another format may have other keys
        raise SettingsError(
            f"{FILE} has another format than {FORMAT}, the one of this version. Install the version that wrote it, "
            "or a newer one."
        )
    columns = raw.pop("columns", {})
    check(raw, _SHAPE)
    for key in ("product", "contact_email"):
        if re.search(r"^\s*$|\[[A-Z][^\]]*\]", raw[key]):
            raise PolicyError(f"{key} in {FILE} is not filled in (policy §8, §10, §12). Set it to the real one.")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", raw["contact_email"]):
        raise PolicyError(f"contact_email in {FILE} is not an e-mail address (policy §12). Set it to the officer's.")
    try:
        ZoneInfo(raw["timezone"])
    except (ZoneInfoNotFoundError, ValueError):
        hint = meant(raw["timezone"], available_timezones())
        raise SettingsError(f"timezone in {FILE} is not an IANA time zone.{hint}") from None
    return Settings(
        root=root,
        product=raw["product"],
        contact_email=raw["contact_email"],
        timezone=raw["timezone"],
        policy=_policy(raw["policy"]),
        loss=_loss(raw["loss"]),
        floors=Floors(**raw["floors"]),
        ledger_url=_without_password("ledger.url", raw["ledger"]["url"]),
        columns=_columns(columns, raw["loss"]["shares"]),
        retention=_retention(raw.get("retention", {})),
        recipients=_recipients(raw.get("recipients", [])),
        regions=tuple(raw.get("sharing", {}).get("regions", ())),
        holidays=_holidays(raw.get("rights", {}).get("holidays", "US")),
        operating=_operating(raw),
    )


def _policy(rows: list[dict[str, Any]]) -> tuple[PolicyVersion, ...]:
    if not rows:
        raise PolicyError(f"{FILE} names no [[policy]] version. Add one with its version and the day it was posted.")
    first = min(row["posted"] for row in rows)
    notice = timedelta(days=NOTICE_DAYS)
    dated = ({"effective": row["posted"] + (row["posted"] > first) * notice, **row} for row in rows)
    versions = tuple(sorted((PolicyVersion(**row) for row in dated), key=lambda v: v.effective))
    if len({v.version for v in versions}) < len(versions):
        raise PolicyError(f"Two [[policy]] blocks in {FILE} have the same version. Number the newer one anew.")
    for later in versions:
        if not re.fullmatch(r"[0-9]+(\.[0-9]+){0,2}", later.version):
            raise PolicyError(f"A policy's version in {FILE} is not a number such as 1.0. Number it so.")
        least = later.posted + (later is not versions[0]) * notice
        if later.effective < least:
            raise PolicyError(
                f"Policy {later.version} takes effect too early: changes hold {NOTICE_DAYS} days after posting "
                f"(policy §11). Set effective = {least}, or leave it out."
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


def _columns(raw: dict[str, dict[str, dict[str, Any]]], known: Collection[str]) -> dict[str, dict[str, DeclaredColumn]]:
    declared: dict[str, dict[str, DeclaredColumn]] = {}
    for table, columns in raw.items():
        if table not in TABLES:
            raise SettingsError(f"[columns.{table}] in {FILE} is no table.{meant(table, TABLES)}")
        for name, column in columns.items():
            where = f"columns.{table}.{name}"
            if name in _TAKEN:
                raise SettingsError(f"{where} in {FILE} has a name that is taken. Choose another one.")
            for key, value in column.items():
                if key not in _COLUMN_KEYS:
                    raise SettingsError(f"{FILE} has an unknown key {where}.{key}.{meant(key, _COLUMN_KEYS)}")
                expect(value, _COLUMN_KEYS[key], f"{where}.{key}")
            if column.get("type") not in _TYPES:
                raise SettingsError(f"{where}.type in {FILE} is none of {', '.join(_TYPES)}. Choose one.")
            purposes = tuple(column.get("purposes", ("usage", "exploration")))
            if unknown := [purpose for purpose in purposes if purpose not in known]:
                raise SettingsError(f"{where}.purposes in {FILE} has an unknown purpose.{meant(unknown[0], known)}")
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


def _retention(days: dict[str, int]) -> dict[str, int]:
    if any(limit < 1 for limit in days.values()):
        raise SettingsError(f"[retention] in {FILE} has a limit below 1 day. Leave a table out to keep it without one.")
    return days


def _recipients(rows: list[dict[str, Any]]) -> tuple[Recipient, ...]:
    named = tuple(replace(Recipient(**row), purposes=tuple(row["purposes"])) for row in rows)
    if len({each.name for each in named}) < len(named):
        raise SettingsError(f"Two [[recipients]] in {FILE} have the same name. Rename one of them.")
    return named


def _holidays(code: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", code):
        raise SettingsError(f'rights.holidays in {FILE} is no ISO 3166 code. Write one such as "US" or "US-CA".')
    return code


def _operating(raw: dict[str, Any]) -> Operating:
    engine: Any = raw.get("engine", "polars")
    if engine not in ENGINES:
        raise SettingsError(f"engine in {FILE} is none of {', '.join(ENGINES)}.{meant(engine, ENGINES)}")
    return Operating(
        engine=engine,
        spark=Spark(**raw.get("spark", {})),
        releases_url=_database(raw.get("releases", {}).get("url", "")),
        schedule=_schedule(raw.get("schedule", {})),
        notify=_notify({name: _frozen(value) for name, value in raw.get("notify", {}).items()}),
        tls=Tls(**raw["serve"]) if "serve" in raw else None,
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _database(url: str) -> str:
    if url and not url.startswith("postgresql"):
        raise SettingsError(f"releases.url in {FILE} is no PostgreSQL URL. Leave it out to keep releases in a folder.")
    return _without_password("releases.url", url)


def _without_password(key: str, url: str) -> str:
    """Who backs the settings up, or shows them to somebody, shows no password."""
    if re.search(r"://[^/@?]*:[^?]*@|[?&](ssl)?password=", url):
        raise SettingsError(f"{key} in {FILE} holds a password. Move it to ~/.pgpass (mode 600) and change it.")
    return url


def _schedule(raw: dict[str, Any]) -> Schedule:
    made = Schedule(tuple(raw.get("expects", ())), raw.get("wait_hours", Schedule.wait_hours))
    if unknown := [table for table in made.expects if table not in TABLES]:
        raise SettingsError(f"schedule.expects in {FILE} names no table of an export.{meant(unknown[0], TABLES)}")
    if not 0 <= made.wait_hours <= MOST_HOURS:
        raise SettingsError(f"schedule.wait_hours in {FILE} is not between 0 and {MOST_HOURS}. Start with 72.")
    return made


def _notify(raw: dict[str, Any]) -> Notify:
    made = Notify(**raw)
    people = (*made.success, *made.failure)
    if any(not re.fullmatch(r"[^@\s]+@[^@\s]+", each) for each in (*people, *filter(None, [made.sender]))):
        raise SettingsError(
            f"[notify] in {FILE} has something that is no e-mail address. Mend sender, success, failure."
        )
    if people and not (made.smtp and made.sender):
        raise SettingsError(f"[notify] in {FILE} names people and lacks smtp or sender. Add them, or use a command.")
    if made.smtp and not re.fullmatch(r"smtps?://([^@/\s:]+@)?[^@/\s:]+(:\d{1,5})?", made.smtp):
        raise SettingsError(
            f"notify.smtp in {FILE} is not smtp://[USER@]HOST[:PORT] or smtps://…; "
            "a password stands in private/smtp_password."
        )
    return made
