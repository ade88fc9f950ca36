"""``pa budget``: what it says, and what it refuses to write down for good."""

from typing import Any

import pytest
from click.testing import CliRunner, Result

from privacy_analytics.cli.budget import budget
from privacy_analytics.dp.ledger import Charge
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.errors import UsageError
from privacy_analytics.settings import Settings

WHO = ("--name", "N. N.", "--reason", "board question")


def pa(*words: str) -> Result:
    return CliRunner().invoke(budget, words)


def test_spent_and_allowed_are_shown_by_month_and_purpose_and_over_all_months(october: Settings, curator_of: Any):
    curator = curator_of(october)
    request = {"month": "2026-10", "share": 0.5, "question": CountAccounts("events").canonical()}
    spent = curator.call("release", request)["nano_rho"]
    curator.ledger.grant(month="2026-09", purpose="usage", charge=Charge(1), name="N. N.", reason="none")
    shown = pa("show", "-w", str(october.root)).stdout
    assert f"2026-10  rho {spent / 1e9:.5f} δ 0\n" in shown
    assert f"  exploration  spent rho {spent / 1e9:.5f} δ 0 of rho 0.01416 δ 1e-08\n" in shown
    assert (
        f"an account of every month: rho {spent / 1e9:.5f} δ 0; ε {curator.budgets.epsilon(spent):.2f} at δ 5e-08"
        in shown
    )


def test_a_grant_is_written_down_with_its_name_and_reason(october: Settings, curator_of: Any):
    granted = pa("grant", "2026-10", "usage", "0.002", "--delta", "1e-9", *WHO, "-w", str(october.root))
    assert granted.stdout == "granted rho 0.00200 δ 1e-09 to usage of 2026-10\n"
    ledger = curator_of(october).ledger
    assert ledger.granted("2026-10", "usage") == Charge(2_000_000, 1_000_000)
    assert ledger.events()[-1].payload == '{"name": "N. N.", "reason": "board question"}'
    assert pa("verify", "-w", str(october.root)).stdout == "ok: 1 entries, unbroken\n"


@pytest.mark.parametrize(
    "words",
    [
        ("2026-10", "usage", "0", *WHO),
        ("2026-10", "usage", "1.5", *WHO),
        ("2026-10", "usage", "nan", *WHO),
        ("2026-10", "usage", "0.1", "--delta", "1e-3", *WHO),
        ("october", "usage", "0.1", *WHO),
        ("2026-13", "usage", "0.1", *WHO),
        ("2026-10", "usage", "0.1", "--name", " ", "--reason", "why"),
        ("2026-10", "usage", "0.1", "--name", "N. N.", "--reason", ""),
    ],
)
def test_a_grant_that_cannot_be_meant_is_refused_and_not_written(october: Settings, curator_of: Any, words: Any):
    refused = pa("grant", *words, "-w", str(october.root))
    assert isinstance(refused.exception, UsageError)
    assert curator_of(october).ledger.events() == []
