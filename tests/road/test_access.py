"""Access for a thousand people at once agrees with a plain scan of the live files, and holds nobody else's row."""

import json
import random
from collections import Counter

import polars as pl
import pytest
from steps import copy, ok

from privacy_analytics import workspace
from privacy_analytics.lake import Lake
from privacy_analytics.rights.bundle import contents, read_bundle
from privacy_analytics.rights.holdings import collect
from privacy_analytics.rights.requests import Requests

pytestmark = [pytest.mark.slow, pytest.mark.long]
PEOPLE = 1_000
TELEMETRY = {
    "events": ("event", "feature", "os", "host"),
    "sessions": ("minutes", "events", "prompts", "os"),
    "projects": ("tracks", "bpm", "musical_key"),
    "performance": ("metric", "value_ms"),
    "crashes": ("code", "stack"),
}


@pytest.fixture(scope="module")
def lake(filled):
    return Lake(workspace.load(filled).path("lake"))


@pytest.fixture(scope="module")
def people(lake):
    everybody = pl.concat([scanned(lake, table).select("account") for table in ("events", "messages", "accounts")])
    found = everybody.unique().sort("account").collect()["account"].to_list()
    return random.Random(5).sample(found, min(PEOPLE, len(found)))


@pytest.fixture(scope="module")
def held(lake, people):
    return collect(lake, people)


def scanned(lake, table):
    """Every live row of a table with where it lies, by polars alone."""
    parts = [
        pl.scan_parquet(file, hive_partitioning=False).with_columns(month=pl.lit(month), batch=pl.lit(batch))
        for month, batch, file in lake.live(table)
    ]
    return pl.concat(parts, how="diagonal_relaxed")


def said(rows, columns):
    """Rows as a multiset of what stands in some of their columns."""
    return Counter(tuple(row.get(name) for name in columns) for row in rows)


@pytest.mark.parametrize("table", TELEMETRY)
def test_telemetry_is_what_a_plain_scan_finds(lake, people, held, table):
    rows = scanned(lake, table).filter(pl.col("account").is_in(people))
    if table == "sessions":
        newest = rows.group_by("account", "month").agg(pl.col("batch").max())
        rows = rows.join(newest, on=["account", "month", "batch"], how="semi")
    found = {
        str(account): part.to_dicts()
        for (account,), part in rows.collect().partition_by("account", as_dict=True).items()
    }
    assert found
    for account in people:
        theirs = held[account]["telemetry"][table]
        assert said(theirs, TELEMETRY[table]) == said(found.get(account, []), TELEMETRY[table])


def test_conversations_are_whole_in_order_and_of_one_account(lake, people, held):
    rows = scanned(lake, "messages").filter(pl.col("account").is_in(people))
    talks = rows.sort("position").group_by("account", "conversation").agg("role", "content").collect()
    plainly: dict[str, Counter] = {}
    for account, _, roles, texts in talks.iter_rows():
        plainly.setdefault(account, Counter())[(tuple(roles), tuple(texts))] += 1
    assert plainly
    for account in people:
        ours = Counter(
            (tuple(turn["role"] for turn in chat["messages"]), tuple(turn["content"] for turn in chat["messages"]))
            for chat in held[account]["chats"]
            if chat["messages"]
        )
        assert ours == plainly.get(account, Counter())


def test_themes_tickets_and_accounts_are_all_there(lake, people, held):
    for table, counted in (
        ("themes", lambda of: sum(len(chat["themes"]) for chat in of["chats"])),
        ("support", lambda of: len(of["support"])),
        ("accounts", lambda of: len(of["account"]["earlier"]) + bool(of["account"]["now"])),
        ("identities", lambda of: of["account"]["identifiers"]),
    ):
        rows = scanned(lake, table).filter(pl.col("account").is_in(people))
        rows = rows.filter(pl.col("type").is_null()) if table == "identities" else rows
        plainly = dict(rows.group_by("account").len().collect().iter_rows())
        assert plainly
        assert {account: n for account in people if (n := counted(held[account]))} == plainly


def test_no_long_text_of_anybody_else_is_in_a_bundle(lake, people, held):
    texts = scanned(lake, "messages").filter(pl.col("content").str.len_chars() > 60).select("account", "content")
    whose = texts.group_by("content").agg(pl.col("account").unique()).collect()
    owners = {content: set(accounts) for content, accounts in whose.iter_rows()}
    for account in people:
        for chat in held[account]["chats"]:
            for turn in chat["messages"]:
                assert account in owners.get(turn["content"], {account})


def test_the_command_gives_the_same_and_the_clear_rows_of_the_export(filled, fresh, tmp_path):
    root = copy(filled, tmp_path / "w")
    export = fresh.parent / "export"
    events = pl.read_parquet(export / "events.parquet")
    adults = pl.read_csv(export / "accounts.csv").filter("age_attested")["account_id"].implode()
    name = events.filter(pl.col("account_id").is_in(adults))["account_id"].mode().sort()[0]
    (tmp_path / "people").write_text(name)
    ok("account", "access", "-w", root, "--by", "N. N.", "--from", export, "--request-file", tmp_path / "people")
    settings = workspace.load(root)
    requests = Requests(settings, Lake(settings.path("lake")))
    (request,) = requests.all()
    (account,) = requests.accounts(request)
    files = read_bundle(requests.path(request, "bundle.zip"))["files"]
    again = json.loads(json.dumps(contents("access", [collect(requests.lake, [account])[account]])))
    assert {file: content for file, content in files.items() if not file.startswith("product/")} == again
    clear = files["product/events.json"]
    assert {row["account_id"] for row in clear} == {name}
    assert len(clear) == events.filter(pl.col("account_id") == name).height
