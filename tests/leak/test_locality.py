"""Locality: what an account's rows become is a function of those rows alone, from the export to the lake and the cells.

An account is added to an export, with rows made to disturb: it comes first, shares ids, contents, identifiers and
keys with others, brings broken rows, audio, a time of another form and a huge text. Every other account's stored
rows must stay byte-identical, and what is noised must be the sum of what each account adds.
"""

import json
import random
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from privacy_analytics import workspace
from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import (
    Adopters,
    Between,
    Bins,
    CountAccounts,
    CountRows,
    Histogram,
    Mean,
    NewAdopters,
    OnPlan,
    Quantiles,
    Retention,
    Sum,
    Tenure,
    TopKeys,
)
from privacy_analytics.ingest.intake import ingest
from privacy_analytics.lake import Lake
from privacy_analytics.resolve import months_of, resolve
from privacy_analytics.scrub import IdentityHasher, Scrubber
from privacy_analytics.snapshots import snapshot

FEATURES = ["chat", "mix_assist", "my own thing", None]


def person(rng, account):
    name = f"{account} Example"
    at = [f"2026-{rng.choice(['09', '10'])}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:00:00Z" for _ in range(12)]
    said = [f"hello, I am {rng.choice(['Kim', name])}, mail {account}@x.example", "thanks", "how do I pan a bus?"]
    turns = [{"role": rng.choice(["user", "assistant"]), "content": rng.choice(said)} for _ in range(rng.randint(1, 5))]
    event = {"event": rng.choice(["feature_used", "message_sent"]), "duration_ms": rng.choice([None, 5, "7.5"])}
    known = {"account_id": account, "email": f"{account}@x.example", "name": name, "age_attested": True}
    return {
        "accounts": [known | {"created_at": rng.choice([*at, None])}],
        "events": [{"account_id": account, "occurred_at": t, "feature": rng.choice(FEATURES)} | event for t in at],
        "projects": [{"account_id": account, "project_id": "p1", "saved_at": at[3], "bpm": rng.choice([90, 128])}],
        "chats": [{"account_id": account, "conversation_id": "c1", "started_at": at[0], "messages": turns}],
        "support": [
            {"account_id": account, "ticket_id": "t", "opened_at": at[1], "subject": said[0], "messages": turns}
        ],
        "crashes": [{"account_id": account, "occurred_at": t, "stack": f"/home/{account}/x.so"} for t in at[2::3]],
    }


def disturber(rng, others):
    rows = person(rng, rng.choice(["0", "zz"]))
    rows["accounts"][0] |= others[0]["accounts"][0] | {"account_id": rows["accounts"][0]["account_id"]}
    mine = {"account_id": rows["accounts"][0]["account_id"]}
    for table in ("events", "chats", "support", "crashes", "projects"):
        rows[table] += [row | mine for row in others[0][table]]
    rows["crashes"] += [mine | {"occurred_at": row["occurred_at"]} for each in others for row in each["events"]]
    rows["events"] += [mine | {"occurred_at": "02.10.2026", "event": "x"}, mine | {"undeclared": 1}, {"event": "x"}]
    rows["chats"][0]["messages"] += [
        {"role": "user", "content": "OggS\x00\x02"},
        {"role": "user", "content": "x" * 40_000},
    ]
    asked = {"role": "user", "content": "what reverb, which compressor, and how do I sidechain it?"}
    rows["chats"].append(rows["chats"][0] | {"conversation_id": "c2", "messages": [asked]})
    return rows


def write(folder, people):
    folder.mkdir()
    for table in people[0]:
        lines = [json.dumps(row) for each in people for row in each[table]]
        (folder / f"{table}.jsonl").write_text("\n".join(lines))


QUESTIONS = [
    CountAccounts("events", by=["feature", "day"], per_account=3),
    CountRows("events", by="hour", where={"feature": ["chat", "mix_assist"]}, per_cell=2),
    CountAccounts("crashes", by="month"),
    CountRows("chats", cohort=Adopters("chat")),
    CountAccounts("events", by="os", cohort=NewAdopters("chat").others()),
    CountRows("events", cohort=Adopters("chat").others(), earlier=True, per_cell=3),
    CountAccounts("events", cohort=OnPlan("free").others()),
    CountAccounts("events", cohort=Tenure("this month")),
    CountAccounts("support", by="week"),
    CountAccounts("accounts", by="country"),
    Sum("events", "duration_ms", bounds=(0, 12)),
    Mean("sessions", "minutes", by="os"),
    Quantiles("sessions", "events", [0.5]),
    CountRows("sessions", where={"crashed": True}),
    CountRows("sessions", by=Bins("prompts", [1]), where={"crashed": False}),
    CountAccounts("events", where={"days_since_signup": Between(0, 7)}),
    Mean("chats", "days_since_signup"),
    CountAccounts("accounts", by="week"),
    CountAccounts("projects", by=Bins("bpm", [100])),
    CountAccounts("themes", by="theme"),
    CountRows("themes", by="area"),
    Histogram("messages", "rows", [2, 4], by="role"),
    Retention(),
    Retention(cohort_by="active"),
]
PHRASES = TopKeys("messages", "content", words=2, per_account=3)


def ingested(folder, people):
    folder.mkdir()
    settings = workspace.create(
        folder / "w", product="P", contact_email="a@b.example", timezone="UTC", posted=date(2026, 1, 1)
    )
    settings.path("private", "key").write_text("5a" * 32)
    write(folder / "export", people)
    ingest(settings, folder / "export", scrubber=Scrubber("fast", hasher=IdentityHasher(*settings.secret_keys())))
    return settings


def stored(settings):
    lake = Lake(settings.path("lake"))
    return {
        (t, m): lake.scan(t, m, lake.batches()).drop("batch").collect() for t in lake.schemas for m in lake.months(t)
    }


def asked(settings, question):
    """A bounded question and the engine that answers it in October."""
    contract, now = tables(settings), datetime(2026, 11, 23, tzinfo=UTC)
    bounded = resolve(question, contract, purpose="exploration", month="2026-10", snapshot="s")
    read = [snapshot(settings, month, now=now) for month in months_of(question, "2026-10")]
    return bounded, LakeEngine(Lake(settings.path("lake")), contract, read, b"salt", "UTC")


def noised(settings, questions=QUESTIONS):
    """Every number that would be noised: cells, the accounts in them, who met a bound; and weights of phrases."""
    numbers = {}
    for question in questions:
        bounded, engine = asked(settings, question)
        sums = engine.sums(bounded)
        parts = np.concatenate([sums.n.ravel(), sums.accounts.ravel(), [sums.met_a_bound]])
        numbers |= {(question, at): n for at, n in enumerate(parts.tolist()) if n}
    bounded, engine = asked(settings, PHRASES)
    return numbers | engine.weights(bounded, frozenset())


@pytest.mark.parametrize("seed", range(4))
def test_adding_an_account_changes_no_stored_row_of_any_other_and_no_cell_but_by_what_it_adds(tmp_path, seed):
    rng = random.Random(seed)
    others = [person(rng, name) for name in ("anna", "ben", "cleo")]
    added = disturber(rng, others)
    together = [added, *others] if seed % 2 else [*others[:1], added, *others[1:]]
    without, among, alone = (
        ingested(tmp_path / name, people)
        for name, people in {"without": others, "among": together, "alone": [added]}.items()
    )
    rows, all_rows = stored(without), stored(among)
    assert len(all_rows[("accounts", "all")]) == len(others) + 1
    pseudonyms = rows[("accounts", "all")]["account"].to_list()
    for place, theirs in rows.items():
        assert theirs.height > 0
        assert all_rows[place].filter(pl.col("account").is_in(pseudonyms)).equals(theirs, null_equal=True), place
    before, adds = noised(without), noised(alone)
    assert {question for question, _ in (each for each in adds if isinstance(each, tuple))} > set(QUESTIONS[:2])
    summed = {each: before.get(each, 0) + adds.get(each, 0) for each in {*before, *adds}}
    assert noised(among) == {each: n for each, n in summed.items() if n}


def test_who_says_to_be_under_18_changes_nothing_of_any_other_and_adds_to_no_cell(tmp_path):
    rng = random.Random(9)
    others = [person(rng, name) for name in ("anna", "ben")]
    young = person(rng, "young")
    young["chats"][0]["messages"].append({"role": "user", "content": "im 15, is that ok?"})
    without, among = ingested(tmp_path / "without", others), ingested(tmp_path / "among", [young, *others])
    rows, all_rows = stored(without), stored(among)
    assert len(all_rows[("marks", "all")]) == 1
    pseudonyms = rows[("accounts", "all")]["account"].to_list()
    for place, theirs in rows.items():
        assert all_rows[place].filter(pl.col("account").is_in(pseudonyms)).equals(theirs, null_equal=True), place
    assert noised(among, QUESTIONS[:3]) == noised(without, QUESTIONS[:3])
