import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from privacy_analytics.counting import LakeEngine
from privacy_analytics.curator import Curator
from privacy_analytics.dp import mechanisms
from privacy_analytics.dp.questions import Adopters, CountAccounts, CountRows
from privacy_analytics.errors import InsufficientLoss, LedgerError, NotFound, PolicyError, TryLater, UsageError
from privacy_analytics.lake import Lake, new_batch
from privacy_analytics.settings import Settings

CanaryError = ValueError("canary-7f3a of one account")
FEATURES = CountAccounts("events", by="feature").canonical()
Asked = Callable[..., Any]


@pytest.fixture
def ask(curator_of: Callable[[Settings], Curator]) -> Asked:
    """Release one question or named blocks, by a new curator each time."""

    def asked(settings: Settings, question: Any = None, *, share: float = 0.2, **request: Any) -> Any:
        about = {"month": "2026-10", "purpose": "exploration", "share": share}
        if question is not None:
            about["question"] = question
        return curator_of(settings).call("release", about | request)

    return asked


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


def test_the_same_question_has_the_same_bytes_and_costs_nothing_again(october: Settings, ask: Asked):
    first = ask(october, FEATURES)
    before = stored(october)
    again = ask(october, FEATURES, share=0.9)
    assert first["nano_rho"] > 0
    assert again["nano_rho"] == 0
    assert again["releases"] == first["releases"]
    assert stored(october) == before


def test_a_second_process_gets_the_same_answer_for_nothing(october: Settings, ask: Asked):
    first = ask(october, FEATURES)
    code = (
        "import json, sys\n"
        "from datetime import UTC, datetime\n"
        "from privacy_analytics.curator import Curator\n"
        "from privacy_analytics.workspace import load\n"
        "curator = Curator(load(sys.argv[1]), clock=lambda: datetime(2026, 11, 23, tzinfo=UTC))\n"
        "print(json.dumps(curator.call('release', json.loads(sys.argv[2]))))\n"
    )
    request = {"month": "2026-10", "purpose": "exploration", "share": 0.2, "question": FEATURES}
    ran = subprocess.run(
        [sys.executable, "-c", code, str(october.root), json.dumps(request)], capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == first | {"nano_rho": 0}


def test_an_answer_is_near_the_truth_and_knows_how_near(october: Settings, ask: Asked):
    cells = {cell["key"][0]: cell for cell in ask(october, FEATURES)["releases"]["answer"]["cells"]}
    assert abs(cells["chat"]["value"] - 1000) < 8 * cells["chat"]["sigma"]
    assert abs(cells["lyric_ideas"]["value"]) < 8 * cells["lyric_ideas"]["sigma"]
    assert cells["chat"]["low"] < cells["chat"]["value"] < cells["chat"]["high"]


def test_two_workspaces_with_the_same_data_draw_different_noise(
    workspace_with: Callable[..., Settings], events: Any, ask: Asked
):
    answers = [ask(workspace_with(events(range(500))), FEATURES)["releases"]["answer"] for _ in range(2)]
    assert answers[0]["cells"] != answers[1]["cells"]
    assert answers[0]["key"] == answers[1]["key"]


def test_another_purpose_with_the_same_population_shares_the_answer(october: Settings, ask: Asked):
    first = ask(october, FEATURES)
    other = ask(october, FEATURES, purpose="usage")
    assert (other["nano_rho"], other["releases"]) == (0, first["releases"])


def test_a_new_policy_version_keeps_the_answers(october: Settings, ask: Asked):
    first = ask(october, FEATURES)
    file = october.path("workspace.toml")
    newer = '[[policy]]\nversion = "2.0"\nposted = 2026-09-01\neffective = 2026-09-15\n\n[loss]'
    file.write_text(file.read_text().replace("[loss]", newer, 1))
    from privacy_analytics.workspace import load

    again = ask(load(october.root), FEATURES)
    assert (again["nano_rho"], again["releases"]) == (0, first["releases"])
    assert first["releases"]["answer"]["recorded"]["policy"] == "1.0"
    later = ask(load(october.root), CountAccounts("events", by="os").canonical())
    assert later["releases"]["answer"]["recorded"]["policy"] == "2.0"


def test_a_release_keeps_how_texts_were_scrubbed_when_it_was_made(october: Settings, ask: Asked):
    way = {"tier": "standard", "model_sha256": "0" * 64, "measured": "2026-11-20", "missed_per_100": 5}
    lake = Lake(october.path("lake"))
    lake.commit(new_batch(), {"scrubbing": way})
    first = ask(october, FEATURES)
    lake.commit(new_batch(), {"scrubbing": way | {"tier": "fast"}})
    assert first["releases"]["answer"]["recorded"]["scrubbing"] == [way]
    assert ask(october, FEATURES)["releases"] == first["releases"]


def test_other_bounds_are_another_question(october: Settings, ask: Asked):
    first = ask(october, FEATURES)
    other = ask(october, CountAccounts("events", by="feature", per_account=1).canonical())
    assert other["nano_rho"] > 0
    assert other["releases"]["answer"]["key"] != first["releases"]["answer"]["key"]


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


@pytest.mark.parametrize(
    ("question", "hint"),
    [
        ({"kind": "count_accounts", "table": "event"}, "'events'"),
        ({"kind": "count_accounts", "table": "events", "by": ["featur"]}, "'feature'"),
        ({"kind": "count_accounts", "table": "events", "where": [["os", ["macosx"]]]}, "'macos'"),
        ({"kind": "count_accounts", "table": "events", "cohort": {"feature": "chats"}}, "'chat'"),
    ],
)
def test_a_refused_question_names_the_nearest_allowed_one(october: Settings, ask: Asked, question: Any, hint: str):
    with pytest.raises(UsageError, match=hint):
        ask(october, question)


@pytest.mark.parametrize(
    "question",
    [
        {"kind": "count_accounts", "table": "canary-7f3a"},
        {"kind": "count_accounts", "table": "events", "by": ["canary-7f3a"]},
        {"kind": "count_accounts", "table": "events", "where": [["feature", ["canary-7f3a"]]]},
        {"kind": "count_accounts", "table": "support", "by": ["subject"]},
    ],
)
def test_a_refusal_repeats_nothing_and_is_the_same_whatever_the_data(
    workspace_with: Callable[..., Settings], events: Any, ask: Asked, question: Any
):
    texts: list[str] = []
    for settings in (workspace_with(events(range(5))), workspace_with(events(range(5), feature="canary-7f3a"))):
        with pytest.raises(UsageError) as refused:
            ask(settings, question)
        texts.append(str(refused.value))
    assert texts[0] == texts[1]
    assert "canary" not in texts[0]


def test_too_many_cells_are_refused_before_anything_is_spent(october: Settings, ask: Asked):
    by = ["country", "feature", "day", "app_version"]
    with pytest.raises(UsageError, match="Use fewer columns"):
        ask(october, {"kind": "count_accounts", "table": "events", "by": by})


def test_marketing_counts_nobody_who_opted_out(
    workspace_with: Callable[..., Settings], events: Any, monkeypatch: pytest.MonkeyPatch, ask: Asked
):
    choices = pl.DataFrame(
        {
            "account": [f"{number:032x}" for number in range(100)],
            "day": [date(2026, 1, 1)] * 100,
            "opted_out": [number < 30 for number in range(100)],
            "gpc": [True if 30 <= number < 40 else None for number in range(100)],
        }
    )
    settings = workspace_with(events(range(150)), accounts=choices)
    seen: list[list[int]] = []
    honest = LakeEngine.sums

    def watched(engine: LakeEngine, bounded: Any) -> Any:
        sums = honest(engine, bounded)
        seen.append(sums.n.ravel().tolist())
        return sums

    monkeypatch.setattr(LakeEngine, "sums", watched)
    everybody = ask(settings, CountAccounts("events").canonical())
    marketing = ask(settings, CountAccounts("events").canonical(), purpose="marketing")
    assert seen == [[150], [110]]
    assert marketing["nano_rho"] > 0
    assert marketing["releases"]["answer"]["population"] == "not opted out"
    assert marketing["releases"]["answer"]["floor"] > everybody["releases"]["answer"]["floor"]


@pytest.mark.parametrize(
    ("question", "truth"),
    [
        (CountAccounts("events", where={"feature": "mix_assist"}), [1000]),
        (CountAccounts("events", cohort=Adopters("mix_assist")), [1000]),
        (CountRows("events", where={"feature": "chat"}, per_cell=10), [1000 + 10]),
        (CountRows("events", cohort=Adopters("chat"), per_cell=1), [1001]),
        (CountAccounts("accounts", by="plan_tier", where={"plan_tier": "free"}), None),
    ],
)
def test_a_question_counts_what_it_says(
    october: Settings,
    add: Any,
    ask: Asked,
    monkeypatch: pytest.MonkeyPatch,
    question: Any,
    truth: list[int] | None,
):
    accounts = pl.DataFrame(
        {
            "account": [f"{number:032x}" for number in range(200)],
            "day": [date(2025, 3, 1)] * 200,
            "plan_tier": ["free" if number < 150 else "pro" for number in range(200)],
        }
    )
    add(october, accounts=accounts)
    add(october, accounts=accounts.with_columns(plan_tier=pl.lit("pro")).head(10))  # ten moved on
    monkeypatch.setattr(mechanisms, "add_noise", lambda vector, **_: vector.tolist())
    cells = ask(october, question.canonical())["releases"]["answer"]["cells"]
    assert [cell["value"] for cell in cells if cell["value"]] == (truth or [140])


def test_a_month_that_is_not_over_waits(october: Settings, add: Any, events: Any, ask: Asked):
    add(october, events=events(range(9), month="2026-11"))
    with pytest.raises(TryLater, match="is not over"):
        ask(october, FEATURES, month="2026-11")


def test_a_month_without_data_names_those_that_have_some_and_spends_nothing(
    october: Settings, ask: Asked, curator_of: Any
):
    with pytest.raises(NotFound, match="Months present: 2026-10"):
        ask(october, FEATURES, month="2026-08")
    assert curator_of(october).ledger.events() == []


def test_rows_that_come_late_do_not_change_a_frozen_month(october: Settings, add: Any, events: Any, ask: Asked):
    first = ask(october, FEATURES)
    add(october, events=events(range(5000, 9000)))
    again = ask(october, FEATURES)
    assert (again["nano_rho"], again["releases"]) == (0, first["releases"])
    chat = ask(october, CountAccounts("events").canonical())["releases"]["answer"]["cells"][0]
    assert abs(chat["value"] - 3000) < 8 * chat["sigma"] < 1000


def test_an_unknown_purpose_or_call_is_refused(october: Settings, ask: Asked, curator_of: Any):
    with pytest.raises(PolicyError, match="no such purpose"):
        ask(october, FEATURES, purpose="curiosity")
    with pytest.raises(UsageError, match="A curator answers: describe, preview, plan, release, budget"):
        curator_of(october).call("collect", {})


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


def test_a_fault_in_bounding_is_told_to_the_operator_and_not_to_the_kernel(
    october: Settings, ask: Asked, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    from privacy_analytics import counting

    honest = counting.contributions
    monkeypatch.setattr(
        counting, "contributions", lambda *about: honest(*about).with_columns(n=counting.nw.col("n") * 5)
    )
    monkeypatch.setattr(mechanisms, "add_noise", lambda vector, **_: vector.tolist())
    assert {cell["value"] for cell in ask(october, FEATURES)["releases"]["answer"]["cells"]} == {0}
    assert capfd.readouterr() == ("", "")
    told = october.path("logs", "operator.log")
    assert "bounding dropped contributions in 3 cell(s)" in told.read_text()
    assert told.stat().st_mode & 0o777 == 0o600


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


def test_describe_and_preview_hold_nothing_of_the_data(october: Settings, add: Any, events: Any, curator_of: Any):
    about = {"month": "2026-10", "purpose": "exploration", "table": "events"}
    before = [curator_of(october).call(name, about) for name in ("describe", "preview")]
    add(october, events=events([77], feature="canary-7f3a", rows=50))
    assert [curator_of(october).call(name, about) for name in ("describe", "preview")] == before
    assert "canary" not in json.dumps(before)


def test_marketing_is_not_shown_what_it_may_not_ask(october: Settings, curator_of: Any):
    facts = curator_of(october).call("describe", {"month": "2026-10", "purpose": "marketing"})
    assert "duration_ms" not in facts["tables"]["events"]
    assert "os" in facts["tables"]["events"]
