"""Locality: what an account's rows become is a function of those rows alone, from the export to the lake.

An account is added to an export, with rows made to disturb: it comes first, shares ids, contents, identifiers and
keys with others, brings broken rows, audio, a time of another form and a huge text. Every other account's stored
rows must stay byte-identical.
"""

import json
import random
from datetime import date

import polars as pl
import pytest

from privacy_analytics import workspace
from privacy_analytics.ingest.intake import ingest
from privacy_analytics.lake import Lake
from privacy_analytics.scrub import IdentityHasher, Scrubber

FEATURES = ["chat", "mix_assist", "my own thing", None]


def person(rng, account):
    name = f"{account} Example"
    at = [f"2026-{rng.choice(['09', '10'])}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:00:00Z" for _ in range(12)]
    said = [f"hello, I am {rng.choice(['Kim', name])}, mail {account}@x.example", "thanks", "how do I pan a bus?"]
    turns = [{"role": rng.choice(["user", "assistant"]), "content": rng.choice(said)} for _ in range(rng.randint(1, 5))]
    event = {"event": "feature_used", "duration_ms": rng.choice([None, 5, "7.5"])}
    return {
        "accounts": [{"account_id": account, "email": f"{account}@x.example", "name": name, "age_attested": True}],
        "events": [{"account_id": account, "occurred_at": t, "feature": rng.choice(FEATURES)} | event for t in at],
        "chats": [{"account_id": account, "conversation_id": "c1", "started_at": at[0], "messages": turns}],
        "support": [
            {"account_id": account, "ticket_id": "t", "opened_at": at[1], "subject": said[0], "messages": turns}
        ],
        "crashes": [{"account_id": account, "occurred_at": at[2], "stack": f"/home/{account}/x.so"}],
    }


def disturber(rng, others):
    rows = person(rng, rng.choice(["0", "zz"]))
    rows["accounts"][0] |= others[0]["accounts"][0] | {"account_id": rows["accounts"][0]["account_id"]}
    mine = {"account_id": rows["accounts"][0]["account_id"]}
    for table in ("events", "chats", "support", "crashes"):
        rows[table] += [row | mine for row in others[0][table]]
    rows["events"] += [mine | {"occurred_at": "02.10.2026", "event": "x"}, mine | {"undeclared": 1}, {"event": "x"}]
    rows["chats"][0]["messages"] += [
        {"role": "user", "content": "OggS\x00\x02"},
        {"role": "user", "content": "x" * 40_000},
    ]
    return rows


def write(folder, people):
    folder.mkdir()
    for table in people[0]:
        lines = [json.dumps(row) for each in people for row in each[table]]
        (folder / f"{table}.jsonl").write_text("\n".join(lines))


def stored(folder, key, people):
    settings = workspace.create(
        folder / "w", product="P", contact_email="a@b.example", timezone="UTC", posted=date(2026, 1, 1)
    )
    settings.path("private", "key").write_text(key)
    write(folder / "export", people)
    ingest(settings, folder / "export", scrubber=Scrubber("fast", hasher=IdentityHasher(settings.key())))
    lake = Lake(settings.path("lake"))
    return {
        (t, m): lake.scan(t, m, lake.batches()).drop("batch").collect() for t in lake.schemas for m in lake.months(t)
    }


@pytest.mark.parametrize("seed", range(4))
def test_adding_an_account_changes_no_stored_row_of_any_other(tmp_path, seed):
    rng = random.Random(seed)
    others = [person(rng, name) for name in ("anna", "ben", "cleo")]
    added = disturber(rng, others)
    together = [added, *others] if seed % 2 else [*others[:1], added, *others[1:]]
    (tmp_path / "without").mkdir()
    (tmp_path / "with").mkdir()
    without, among = stored(tmp_path / "without", "5a" * 32, others), stored(tmp_path / "with", "5a" * 32, together)
    assert len(among[("accounts", "all")]) == len(others) + 1
    pseudonyms = without[("accounts", "all")]["account"].to_list()
    for place, rows in without.items():
        assert rows.height > 0
        theirs = among[place].filter(pl.col("account").is_in(pseudonyms))
        assert theirs.equals(rows, null_equal=True), place
