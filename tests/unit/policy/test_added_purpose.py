"""A purpose that a workspace's later version adds is a purpose like the shipped ones, once it is in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from privacy_analytics.cli.budget import budget
from privacy_analytics.cli.policy import policy as command
from privacy_analytics.cli.serve import serve
from privacy_analytics.contracts import tables
from privacy_analytics.errors import PolicyError
from privacy_analytics.settings import Settings, read

Later = Callable[..., Settings]
WHO = ("--name", "N. N.", "--reason", "a model")
DECLARED = '[columns.events.mood]\ntype = "boolean"\npurposes = ["training"]\n\n[ledger]'


def test_it_has_a_share_grants_and_columns_of_its_own(october: Settings, later: Later, curator_of: Any):
    settings = later(october, "2026-09-01", training=True)
    file = settings.path("workspace.toml")
    file.write_text(file.read_text().replace("[ledger]", DECLARED, 1))
    settings = read(settings.root)
    assert tuple(tables(settings)["events"].columns["mood"].purposes) == ("training",)
    told = curator_of(settings).call("describe", {"month": "2026-10", "purpose": "training"})
    assert set(told["tables"]) == {"events"}
    assert "mood" in told["tables"]["events"]
    assert "duration_ms" not in told["tables"]["events"]
    granted = CliRunner().invoke(budget, ["grant", "2026-10", "training", "0.002", *WHO, "-w", str(settings.root)])
    assert granted.stdout.startswith("granted rho 0.00200")
    assert told["budget"]["purposes"]["training"]["allowance"] > 0


def test_before_it_is_in_force_it_asks_nothing(october: Settings, later: Later, curator_of: Any):
    settings = later(october, "2026-11-20", training=True)
    with pytest.raises(PolicyError, match="no such purpose"):
        curator_of(settings).call("describe", {"month": "2026-10", "purpose": "training"})


def test_an_unknown_purpose_is_neither_granted_nor_served(empty: Settings):
    where = ["-w", str(empty.root)]
    for ran in (
        CliRunner().invoke(budget, ["grant", "2026-10", "curiosity", "0.002", *WHO, *where]),
        CliRunner().invoke(serve, ["--socket", str(empty.path("s")), "--purpose", "curiosity", *where]),
    ):
        assert isinstance(ran.exception, PolicyError)
        assert "Choose one of: usage" in str(ran.exception)


def test_what_stops_ingest_and_runs_is_an_error_of_check(empty: Settings, later: Later):
    settings = later(empty, "2026-03-01", ("Last Updated: {posted}", "Last Updated: [Date]"))
    ran = CliRunner().invoke(command, ["check", "-w", str(settings.root)])
    assert isinstance(ran.exception, PolicyError)
    assert ran.exception.exit_code == 10
    assert "warning  the policy has no public commitment" in ran.stdout
