import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from privacy_analytics.audit import AuditLog
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp import mechanisms
from privacy_analytics.dp.questions import Adopters, CountAccounts, CountRows
from privacy_analytics.errors import NotFound, PolicyError, TryLater, UsageError
from privacy_analytics.lake import Lake, new_batch
from privacy_analytics.settings import Settings

FEATURES = CountAccounts("events", by="feature").canonical()
Asked = Callable[..., Any]


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


def test_every_release_is_one_line_of_the_audit_log(october: Settings, ask: Asked):
    plan = ask(october, FEATURES)
    again = ask(october, FEATURES, purpose="usage", report="usage_report")
    with pytest.raises(PolicyError):
        ask(october, CountAccounts("chats").canonical(), purpose="marketing")
    ids = [plan["releases"]["answer"]["id"]]
    about = {"month": "2026-10", "user": os.getuid(), "releases": ids}
    assert [dict(entry.facts) for entry in AuditLog(october).entries() if entry.action == "release"] == [
        {"purpose": "exploration", "new": 1, **about},
        {"purpose": "usage", "report": "usage_report", "new": 0, **about},
    ]
    assert again["releases"] == plan["releases"]


def test_a_report_has_a_name_that_a_log_may_hold(october: Settings, ask: Asked):
    with pytest.raises(UsageError, match="A report is named"):
        ask(october, FEATURES, report="jane@example.com")


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


@pytest.mark.parametrize(
    ("question", "hint"),
    [
        ({"kind": "count_accounts", "table": "event"}, "'events'"),
        ({"kind": "count_accounts", "table": "events", "by": ["featur"]}, "'feature'"),
        ({"kind": "count_accounts", "table": "events", "where": [["os", ["macosx"]]]}, "'macos'"),
        (
            {
                "kind": "count_accounts",
                "table": "events",
                "cohort": {"kind": "adopters", "key": "chats", "rest": False},
            },
            "'chat'",
        ),
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


def test_a_fault_in_bounding_is_told_to_the_operator_and_not_to_the_kernel(
    october: Settings, ask: Asked, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    from privacy_analytics import counting

    honest = counting.local.contributions

    def five_times(*about: Any) -> Any:
        found = honest(*about)
        return replace(found, n=found.n * 5)

    monkeypatch.setattr(counting.local, "contributions", five_times)
    monkeypatch.setattr(mechanisms, "add_noise", lambda vector, **_: vector.tolist())
    assert {cell["value"] for cell in ask(october, FEATURES)["releases"]["answer"]["cells"]} == {0}
    assert capfd.readouterr() == ("", "")
    told = october.path("logs", "operator.log")
    assert "bounding dropped 3000 account(s) of one question" in told.read_text()
    assert told.stat().st_mode & 0o777 == 0o600


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
