"""Promises that no measurement can see broken. ``make audit`` seeds a fault for each and this file must catch it."""

import json
from collections import Counter
from datetime import UTC, date, datetime

import polars as pl
import pytest
from people import MONTH, add, engine, lake

from privacy_analytics import workspace
from privacy_analytics.curator import Curator
from privacy_analytics.dp import answering, mechanisms
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.questions import Bounded, CountAccounts, Key, Retention

KEYS = tuple(f"f{at}" for at in range(12))
BY_FEATURE = Bounded(
    CountAccounts("events", by="feature"), (Key("feature", tuple((key, key) for key in KEYS)),), 2, 1, "all", "s"
)


def events(accounts, *, cells=lambda at: range(at % 5, 12), name="account {}".format):
    """One event of each account in each of its cells; an account's hash is that of its number, whatever its name."""
    rows = [
        (name(at), at * 0x9E3779B97F4A7C15 % 2**63, KEYS[cell], date(2026, 10, 5))
        for at in accounts
        for cell in cells(at)
    ]
    schema = {"account": pl.String, "account_hash": pl.Int64, "feature": pl.String, "day": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


def sums(made, *batches):
    return engine(made, [MONTH], batches).sums(BY_FEATURE).n.ravel()


def test_what_an_account_adds_is_its_own_matter():
    """The sums of two populations are the sums of both: no account changes which cells another one keeps."""
    with lake() as made:
        add(made, "b0", MONTH, events=events(range(200), cells=lambda at: range(3 + at % 4, 12, 2)))
        add(made, "b1", MONTH, events=events(range(200, 201)))
        assert (sums(made, "b0", "b1") == sums(made, "b0") + sums(made, "b1")).all()
        assert sums(made, "b1").sum() == BY_FEATURE.per_account


def test_an_accounts_name_and_place_decide_nothing():
    with lake() as made:
        add(made, "b0", MONTH, events=events(range(200)))
        add(made, "b1", MONTH, events=events(range(200), name=lambda at: f"another {1000 - at}"))
        assert (sums(made, "b0") == sums(made, "b1")).all()


def test_a_question_that_spans_months_is_priced_at_both_sides_of_a_change():
    spanning = Bounded(Retention(), BY_FEATURE.keys, 3, 1, "all", "s", months=("2026-09", MONTH))
    assert spanning.sensitivity == 2 * spanning.l2 >= 2 * 3**0.5


@pytest.mark.parametrize("feature", [None, "f3", "a key of somebody's own"])
def test_an_answers_cells_are_the_public_ones_whatever_the_rows(feature):
    with lake() as made:
        add(
            made, "b0", MONTH, events=pl.DataFrame({"account": ["a"], "feature": [feature], "day": [date(2026, 10, 5)]})
        )
        drawn = answering.answer(BY_FEATURE, Charge(10**9), engine(made, [MONTH]), 20)
    assert [cell.key for cell in drawn.cells] == [(key,) for key in KEYS]


@pytest.fixture
def curator(tmp_path):
    about = {"product": "P", "contact_email": "officer@studio.test", "timezone": "UTC"}
    settings = workspace.create(tmp_path / "w", posted=date(2026, 1, 1), **about)
    made = Curator(settings, clock=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    accounts = [f"{at:032x}" for at in range(1000)]
    add(made.lake, "b0", MONTH, events=pl.DataFrame({"account": accounts, "day": date(2026, 10, 5)}))
    return made


def asked(**blocks):
    questions = {name: question.canonical() for name, question in blocks.items()}
    return {"month": MONTH, "purpose": "exploration", "share": 0.2, "blocks": questions}


def test_noise_is_drawn_after_its_charge_is_durable(curator, monkeypatch):
    real, seen = mechanisms.add_noise, []

    def add_noise(*given, nano_rho, **named):
        last = curator.open_ledger().events()[-1]  # as another process would read it
        seen.append((last.kind, last.nano_rho == nano_rho))
        return real(*given, nano_rho=nano_rho, **named)

    monkeypatch.setattr(mechanisms, "add_noise", add_noise)
    curator.call("release", asked(month=CountAccounts("events"), os=CountAccounts("events", by="os")))
    assert seen == [("drawing", True)] * 2


def test_a_question_in_another_plan_has_the_same_bytes_for_nothing(curator):
    month = CountAccounts("events")
    first = curator.call("release", asked(month=month))["releases"]["month"]
    again = curator.call("release", asked(all=month, os=CountAccounts("events", by="os")))
    drawn = Counter(event.key for event in curator.ledger.events() if event.kind == "drawing")
    assert json.dumps(again["releases"]["all"]) == json.dumps(first)
    assert set(drawn.values()) == {1}
    assert again["nano_rho"] == again["releases"]["os"]["nano_rho"] > 0
