"""From a bounded question and its charge to a release: rows counted, noise drawn, provenance written beside it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import metadata
from typing import Any, cast

from privacy_analytics import engines, policy, themes
from privacy_analytics.contracts import Table
from privacy_analytics.dp import answering
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.questions import Bounded
from privacy_analytics.dp.releases import Release
from privacy_analytics.lake import Lake
from privacy_analytics.settings import Settings
from privacy_analytics.snapshots import Snapshot

Json = dict[str, Any]


def recorded(settings: Settings, lake: Lake, at: datetime, *, purpose: str, report: str, trust: str) -> Json:
    """What is written into every release of one call; the version of the policy in force is recorded for good.

    Raises PolicyError where that version is not fit to count under (``policy.ready``), SettingsError where the engine
    that is to count is not installed.
    """
    return {
        "purpose": purpose,
        "report": report,
        "policy": policy.record(settings, at).version,
        "released_at": at.isoformat(timespec="seconds"),
        "timezone": settings.timezone,
        "product": settings.product,
        "epsilon": settings.loss.epsilon,
        "delta": settings.loss.delta,
        "trust": trust,
        "scrubbing": lake.scrubbing(),
        "software": {name: metadata.version(name) for name in ("privacy-analytics", "opendp", "polars")}
        | engines.version(settings),
    }


def answer(
    bounded: Bounded,
    charge: Charge,
    *,
    settings: Settings,
    lake: Lake,
    tables: Mapping[str, Table],
    read: Sequence[Snapshot],
    floor: int,
    recorded: Json,
) -> Release:
    """Draw the noise of a question; ``read`` are the snapshots of its months, oldest first."""
    salt = hmac.digest(settings.secret_keys()[-1], b"cell priority", "sha256")
    drawn = answering.answer(bounded, charge, engines.engine_of(settings, lake, tables, read, salt), floor)
    return Release(
        id=bounded.release_id,
        key=bounded.key,
        unit=cast("Any", bounded.unit),
        table=bounded.question.table,
        by=bounded.names,
        month=read[-2 if bounded.question.earlier else -1].month,
        snapshot=bounded.snapshot,
        population=bounded.population,
        floor=floor,
        cells=drawn.cells,
        question=bounded.canonical(),
        mechanism=drawn.mechanism,
        nano_rho=charge.nano_rho,
        delta=charge.delta,
        recorded=recorded | ({"themes": themes.quoted()} if bounded.question.table == "themes" else {}),
    )
