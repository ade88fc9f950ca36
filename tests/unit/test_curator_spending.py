import threading
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp import mechanisms
from privacy_analytics.dp.questions import (
    CountAccounts,
    CountRows,
    Groups,
    Histogram,
    Mean,
    Quantiles,
    Question,
    Retention,
    Sum,
    TopKeys,
)
from privacy_analytics.errors import InsufficientLoss, LedgerError, UsageError
from privacy_analytics.settings import Settings

CanaryError = ValueError("canary-7f3a of one account")
FEATURES = CountAccounts("events", by="feature").canonical()
Asked = Callable[..., Any]


def blocks(*names: str) -> dict[str, Any]:
    made = {
        "month": CountAccounts("events"),
        "os": CountAccounts("events", by="os"),
        "feature": CountAccounts("events", by="feature"),
        "day": CountAccounts("events", by="day", per_account=3),
    }
    return {name: made[name].canonical() for name in names}


def stored(settings: Settings) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in settings.path("releases").iterdir()}


def test_a_report_with_one_block_added_pays_for_that_block_alone(october: Settings, ask: Asked):
    first = ask(october, blocks=blocks("month", "os"), share=0.5)
    before = stored(october)
    wider = ask(october, blocks=blocks("month", "os", "feature"), share=0.5)
    assert {name: wider["releases"][name] for name in ("month", "os")} == first["releases"]
    assert wider["nano_rho"] == wider["releases"]["feature"]["nano_rho"] > 0
    assert before.items() <= stored(october).items()


def test_a_second_report_that_shares_half_pays_for_the_other_half(october: Settings, ask: Asked):
    ask(october, blocks=blocks("month", "os"), share=0.5)
    second = ask(october, blocks=blocks("month", "feature"), share=0.5)
    assert second["nano_rho"] == second["releases"]["feature"]["nano_rho"]


def test_a_report_spends_no_more_than_it_reserved_and_only_once(october: Settings, ask: Asked, curator_of: Any):
    outcome = ask(october, blocks=blocks("month", "os", "feature"), share=0.5)
    drawn = sum(each["nano_rho"] for each in outcome["releases"].values())
    assert drawn <= outcome["nano_rho"]
    events = curator_of(october).ledger.events()
    assert [event.kind for event in events].count("reserve") == 1
    assert ask(october, blocks=blocks("feature", "os", "month"), share=1)["nano_rho"] == 0


def test_planning_reads_and_spends_nothing_and_prices_what_release_pays(
    october: Settings, ask: Asked, curator_of: Any, monkeypatch: pytest.MonkeyPatch
):
    request = {"month": "2026-10", "purpose": "exploration", "share": 0.5, "blocks": blocks("month", "os")}
    ask(october, blocks("month")["month"], share=0.1)
    curator = curator_of(october)
    with monkeypatch.context() as patch:
        patch.setattr(LakeEngine, "rows", lambda *_: pytest.fail("a plan read rows"))
        priced = curator.call("plan", request)
    assert len(curator.ledger.events()) == 3
    assert priced["accounts_released"]
    paid = curator.call("release", request)
    assert {block["name"]: block["nano_rho"] for block in priced["blocks"]} == {
        "month": 0,
        "os": paid["releases"]["os"]["nano_rho"],
    }


def test_what_is_too_small_is_named_and_reserves_nothing(
    workspace_with: Callable[..., Settings], events: Any, ask: Asked, curator_of: Any
):
    settings = workspace_with(events(range(60)))
    ask(settings, blocks("month")["month"])
    before = curator_of(settings).ledger.spent("2026-10", "exploration")
    outcome = ask(settings, blocks=blocks("month", "feature"), share=0.1)
    assert list(outcome["releases"]) == ["month"]
    assert outcome["too_small"][0]["name"] == "feature"
    assert outcome["too_small"][0]["needs"] > 60
    assert outcome["nano_rho"] == 0
    assert curator_of(settings).ledger.spent("2026-10", "exploration") == before


def test_nothing_left_is_said_and_nothing_is_spent(october: Settings, ask: Asked, curator_of: Any):
    ask(october, FEATURES, share=1)
    with pytest.raises(InsufficientLoss, match="exploration of 2026-10"):
        ask(october, CountAccounts("events").canonical(), share=1)
    assert [event.kind for event in curator_of(october).ledger.events()] == ["reserve", "drawing", "commit"]
    assert ask(october, FEATURES)["nano_rho"] == 0


def test_shares_are_kept_apart_and_add_up_to_the_month(october: Settings, ask: Asked, curator_of: Any):
    ask(october, FEATURES, share=1)
    budget = curator_of(october).call("budget", {"month": "2026-10"})
    assert budget["purposes"]["exploration"]["left"] == 0
    assert budget["purposes"]["usage"]["left"] == budget["purposes"]["usage"]["allowance"]
    assert sum(purpose["allowance"] for purpose in budget["purposes"].values()) <= budget["nano_rho"]
    assert 0 < budget["epsilon_spent"] < budget["epsilon"]


@pytest.mark.parametrize("share", [0, -1, 1.01, float("nan"), "1", None])
def test_a_share_is_a_part(october: Settings, ask: Asked, share: Any):
    with pytest.raises(UsageError, match="share is a part"):
        ask(october, FEATURES, share=share)


@pytest.mark.parametrize("error", [CanaryError, pl.exceptions.PanicException("canary-7f3a panicked")])
def test_an_error_while_drawing_is_one_fixed_message_and_its_charge_is_gone(
    october: Settings,
    ask: Asked,
    curator_of: Any,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: BaseException,
):
    def fails(*_: Any) -> Any:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(LakeEngine, "sums", fails)
        with pytest.raises(LedgerError) as refused:
            ask(october, FEATURES, share=0.25)
    assert str(refused.value).startswith("This question could not be answered. Its charge is gone")
    assert refused.value.__context__ is None
    assert refused.value.__cause__ is None
    assert capfd.readouterr() == ("", "")
    told = october.path("logs", "operator.log").read_text()
    assert type(error).__name__ in told
    assert "canary" not in told
    spent = curator_of(october).ledger.spent("2026-10", "exploration").nano_rho
    assert spent > 0
    again = ask(october, FEATURES, share=0.25)
    assert again["nano_rho"] == spent
    assert curator_of(october).ledger.spent("2026-10", "exploration").nano_rho == 2 * spent


def test_a_lost_charge_that_cannot_be_paid_again_is_said(
    october: Settings, ask: Asked, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(LakeEngine, "sums", lambda *_: 1 / 0)
        with pytest.raises(LedgerError):
            ask(october, FEATURES, share=1)
    assert ask(october, FEATURES, share=1)["lost"] == ["answer"]


def test_a_ledger_older_than_its_releases_opens_nothing(october: Settings, ask: Asked):
    ask(october, FEATURES)
    for file in october.root.glob("ledger.sqlite*"):
        file.unlink()
    with pytest.raises(LedgerError, match="older than its releases"):
        ask(october, FEATURES)


def test_two_who_ask_at_once_get_one_answer_for_one_charge(october: Settings, ask: Asked):
    ask(october, CountAccounts("events").canonical())
    outcomes: list[Any] = []
    asking = [threading.Thread(target=lambda: outcomes.append(ask(october, FEATURES))) for _ in range(3)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert sorted(outcome["nano_rho"] > 0 for outcome in outcomes) == [False, False, True]
    assert outcomes[0]["releases"] == outcomes[1]["releases"] == outcomes[2]["releases"]


@pytest.mark.parametrize("anchor", [20, 300, 2500, 100_000])
def test_neighbours_with_the_same_released_anchor_take_the_same_decisions(
    workspace_with: Callable[..., Settings],
    events: Any,
    ask: Asked,
    curator_of: Any,
    monkeypatch: pytest.MonkeyPatch,
    anchor: int,
):
    """Lakes that differ in one account, or in nearly all: every event of the ledger is the same."""
    monkeypatch.setattr(mechanisms, "add_noise", lambda vector, **_: [anchor] * len(vector))
    decided: list[Any] = []
    heavy = pl.concat([events([9], rows=500, feature=feature) for feature in ("chat", "midi_cleanup", "mix_assist")])
    for frame in (events(range(3)), pl.concat([events(range(3)), heavy]), events(range(2000))):
        settings = workspace_with(frame)
        outcome = ask(settings, blocks=blocks("month", "os", "feature", "day"), share=0.6)
        ledger = [(each.kind, each.key, each.nano_rho, each.plan) for each in curator_of(settings).ledger.events()]
        decided.append((ledger, sorted(outcome["releases"]), outcome["too_small"], outcome["left"]))
    assert decided[0] == decided[1] == decided[2]


EVERY_KIND: dict[str, Question] = {
    "accounts": CountAccounts("events", by=Groups("os", {"desktop": ["macos", "windows"]})),
    "rows": CountRows("events", by="hour"),
    "sum": Sum("sessions", "minutes", by="os", bounds=(0, 300)),
    "mean": Mean("events", "rows"),
    "quantiles": Quantiles("events", "duration_ms", [0.5]),
    "histogram": Histogram("events", "rows", [2, 5]),
    "retention": Retention(cohort_by="active"),
    "phrases": TopKeys("messages", "content"),
}


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_what_is_spent_on_a_question_never_depends_on_the_data(
    workspace_with: Callable[..., Settings], events: Any, ask: Asked, curator_of: Any, kind: str
):
    """Months of three accounts, with one more of 500 rows, and of a thousand; the same events of the ledger."""
    before = events([1], month="2026-09")
    wild = pl.concat([events([9], rows=500, feature=each) for each in ("chat", "canary-7f3a")])
    wild = wild.with_columns(duration_ms=pl.Series([float("nan"), float("inf"), None, -1e308] * 250))
    said = wild.select("account", "day", role=pl.lit("user"), content=pl.lit("a phrase that one account says"))
    told: list[Any] = []
    for frame in ([events(range(3))], [events(range(3)), wild], [events(range(1000))]):
        settings = workspace_with(pl.concat([before, *frame], how="diagonal"), messages=said)
        outcome = ask(settings, EVERY_KIND[kind].canonical())
        answer = outcome.pop("releases")["answer"]
        public = {name: answer[name] for name in ("by", "question", "key", "unit", "nano_rho", "delta")}
        events_of = [(each.kind, each.key, each.nano_rho, each.delta) for each in curator_of(settings).ledger.events()]
        told.append((events_of, outcome, public, [cell["key"] for cell in answer["cells"]]))
    assert told[0] == told[1] == told[2]
    assert told[0][1]["nano_rho"] > 0


def test_retention_is_charged_to_each_of_its_months_and_priced_at_twice_its_norm(
    workspace_with: Callable[..., Settings], events: Any, ask: Asked, curator_of: Any
):
    settings = workspace_with(pl.concat([events(range(50), month=month) for month in ("2026-09", "2026-10")]))
    answer = ask(settings, Retention(cohort_by="active").canonical())["releases"]["answer"]
    spent = {month: charge.nano_rho for month, charge in curator_of(settings).ledger.spent_by_month().items()}
    assert spent == {"2026-09": answer["nano_rho"], "2026-10": answer["nano_rho"]}
    l2, sigma = answer["mechanism"]["l2"], answer["mechanism"]["sigma"]
    assert answer["nano_rho"] == pytest.approx((2 * l2 / sigma) ** 2 / 2 * 1e9, rel=1e-4)


def test_a_month_with_nothing_left_stops_a_question_that_spans_it(
    workspace_with: Callable[..., Settings], events: Any, ask: Asked, curator_of: Any
):
    settings = workspace_with(pl.concat([events(range(50), month=month) for month in ("2026-09", "2026-10")]))
    ask(settings, CountAccounts("events").canonical(), month="2026-09", share=1)
    before = len(curator_of(settings).ledger.events())
    with pytest.raises(InsufficientLoss):
        ask(settings, Retention(cohort_by="active").canonical())
    assert len(curator_of(settings).ledger.events()) == before


def test_what_spans_months_is_planned_by_itself(october: Settings, add: Any, events: Any, ask: Asked, curator_of: Any):
    add(october, events=events(range(9), month="2026-09"))
    with pytest.raises(UsageError, match="Plan it by itself"):
        ask(october, blocks={"month": blocks("month")["month"], "stay": Retention().canonical()})
    assert curator_of(october).ledger.events() == []
