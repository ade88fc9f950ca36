"""Which engine a workspace has, and what is said where it cannot be had."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from typing import Any

import pytest

from privacy_analytics import engines
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.engines.duckdb import DuckDBEngine
from privacy_analytics.errors import SettingsError
from privacy_analytics.settings import Settings


def on(settings: Settings, engine: Any) -> Settings:
    return replace(settings, operating=replace(settings.operating, engine=engine))


@pytest.mark.parametrize(("name", "kind"), [("polars", LakeEngine), ("duckdb", DuckDBEngine)])
def test_the_workspace_says_which_engine_counts(october: Settings, name: str, kind: type):
    assert type(engines.engine_of(on(october, name), None, {}, [], b"")) is kind  # type: ignore[arg-type]


def test_an_engine_that_is_not_installed_is_refused_with_what_to_install(
    october: Settings, monkeypatch: pytest.MonkeyPatch
):
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(SettingsError, match=r'pip install "privacy-analytics\[duckdb\]"'):
        engines.ready(on(october, "duckdb"))


def test_a_release_says_which_engine_counted_and_is_the_same_question_on_every_one(october: Settings, curator_of: Any):
    request = {"purpose": "usage", "question": CountAccounts("events").canonical(), "share": 0.1}
    release = curator_of(on(october, "duckdb")).release(request)["releases"]["answer"]
    assert release["recorded"]["software"]["duckdb"] == metadata.version("duckdb")
    again = curator_of(october).release(request)
    assert again["releases"]["answer"] == release
    assert again["nano_rho"] == 0


def test_an_engine_that_cannot_start_costs_nothing(october: Settings, curator_of: Any, monkeypatch: pytest.MonkeyPatch):
    def refused(settings: Settings) -> None:
        raise SettingsError("not here")

    monkeypatch.setattr(engines, "ready", refused)
    curator = curator_of(october)
    with pytest.raises(SettingsError, match="not here"):
        curator.release({"purpose": "usage", "question": CountAccounts("events").canonical(), "share": 0.1})
    assert curator.ledger.lifetime().nano_rho == 0
