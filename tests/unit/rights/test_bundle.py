"""What a person gets: all that is held of them, nothing of anybody else, in files that they can read."""

import json
import random
import re
import zipfile
from datetime import UTC, date, datetime

import polars as pl
import pytest
from click.testing import CliRunner

from privacy_analytics import workspace
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli.account import bundle as command
from privacy_analytics.errors import ContractError
from privacy_analytics.ingest.maps import ColumnMap, TableMap
from privacy_analytics.lake import Lake
from privacy_analytics.rights.bundle import answer, contents, read_bundle, total
from privacy_analytics.rights.holdings import collect, exported
from privacy_analytics.rights.requests import Requests
from privacy_analytics.scrub.identities import IdentityHasher

TODAY = date(2026, 11, 23)
TAGGED = {
    "accounts": "country",
    "events": "feature",
    "sessions": "host",
    "projects": "main_effect",
    "performance": "metric",
    "crashes": "stack",
    "support": "subject",
    "themes": "theme",
    "chats": "topic",
}
TIMES = {"events": "occurred_at", "sessions": "started_at", "chats": "started_at", "messages": "sent_at"}


def pseudonym(number):
    return f"{number:032x}"


def tagged(table, owners, day):
    """A row of a table for each owner, in which a text says whose it is."""
    at = datetime(2026, *day, 12, tzinfo=UTC)
    rows = pl.DataFrame(
        {"account": [pseudonym(n) for n in owners], TAGGED[table]: [f"own-{n}-" for n in owners]},
        schema={"account": pl.String, TAGGED[table]: pl.String},
    ).with_columns(pl.lit(at.date()).alias("day"))
    more = {TIMES[table]: pl.lit(at)} if table in TIMES else {}
    if table in ("chats", "themes"):
        more["conversation"] = pl.Series([n * 100 + at.day for n in owners], dtype=pl.Int64)
    return rows.with_columns(**more)


def turns(owners, day):
    """Two turns of a conversation of each owner, the answer first."""
    said = [("assistant", "text", None, 1), ("user", "voice", 3.5, 0)]
    return pl.DataFrame(
        [
            {
                "account": pseudonym(n),
                "day": date(2026, *day),
                "conversation": n * 100 + day[1],
                "position": position,
                "role": role,
                "channel": channel,
                "voice_seconds": seconds,
                "content": f"own-{n}- says {role}",
                "sent_at": datetime(2026, *day, 12, position, tzinfo=UTC),
            }
            for n in owners
            for role, channel, seconds, position in said
        ]
    )


_MADE = []


@pytest.fixture
def world(add, tmp_path_factory):
    """Twenty accounts over two months and three batches, with some rows of each table: made once, only read."""
    if not _MADE:
        rng, folder = random.Random(11), tmp_path_factory.mktemp("world") / "w"
        settings = workspace.create(folder, product="P", contact_email="o@s.test", timezone="UTC", posted=TODAY)
        for day in ((9, 3), (10, 4), (10, 5)):
            owners = {name: sorted(rng.sample(range(1, 21), 12)) for name in (*TAGGED, "messages")}
            rows = {name: tagged(name, owners[name], day) for name in TAGGED}
            add(settings, **rows, messages=turns(owners["messages"], day))
        _MADE.append(settings)
    return _MADE[0]


@pytest.fixture
def desk(world):
    return Requests(world, Lake(world.path("lake")))


def answered(settings, requests, kind, accounts, **more):
    held = collect(requests.lake, accounts)
    files = contents(kind, [held[each] for each in accounts], **more)
    request = requests.create(kind, accounts, by="N. N.", received=TODAY, frozen={"product": bool(more)})
    answer(settings, requests, request, files, today=TODAY)
    return files, requests.path(request, "bundle.zip")


def inside(file):
    with zipfile.ZipFile(file) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def plainly(lake, table, account):
    """How many live rows of an account a table has, file by file; of sessions each month's newest batch."""
    found = {}
    for month, batch, file in lake.live(table):
        if rows := pl.read_parquet(file, hive_partitioning=False).filter(account=account).height:
            found[month, batch] = rows
    if table == "sessions":
        found = {month: rows for (month, _), rows in sorted(found.items())}
    return sum(found.values())


@pytest.mark.clause("8.access")
def test_access_gives_all_of_one_account_and_not_one_row_of_another(world, desk):
    everybody = [pseudonym(n) for n in range(1, 21)]
    held = collect(desk.lake, everybody)
    for n, account in enumerate(everybody, 1):
        of = held[account]
        assert {int(owner) for owner in re.findall(r"own-(\d+)-", json.dumps(contents("access", [of])))} <= {n}
        counts = {table: len(rows) for table, rows in of["telemetry"].items()}
        assert counts == {table: plainly(desk.lake, table, account) for table in counts}
        assert len(of["support"]) == plainly(desk.lake, "support", account)
        for table, key in (("messages", "messages"), ("themes", "themes")):
            assert sum(len(chat[key]) for chat in of["chats"]) == plainly(desk.lake, table, account)
        accounts = plainly(desk.lake, "accounts", account)
        assert len(of["account"]["earlier"]) + bool(of["account"]["now"]) == accounts
    _, file = answered(world, desk, "access", [pseudonym(3)])
    assert set(re.findall(r"own-(\d+)-", "".join(inside(file).values()))) == {"3"}


@pytest.mark.clause("8.export")
def test_export_gives_both_sides_of_chats_and_voice_and_is_a_part_of_access(world, desk):
    account = next(a for a, held in collect(desk.lake, [pseudonym(n) for n in range(1, 21)]).items() if held["chats"])
    every, _ = answered(world, desk, "access", [account])
    files, file = answered(world, desk, "export", [account])
    assert set(files) == {"chats.json"}
    assert files["chats.json"] == every["chats.json"]
    chat = next(chat for chat in files["chats.json"] if chat["messages"])
    assert [(turn["role"], turn["channel"]) for turn in chat["messages"]] == [("user", "voice"), ("assistant", "text")]
    told = inside(file)
    assert "**You, by voice (3.5 s), 2026-" in told["chats.md"]
    assert "**The assistant" in told["chats.md"]
    assert "ask for access" in told["README.md"]


def test_what_was_written_is_read_back(world, desk):
    files, file = answered(world, desk, "access", [pseudonym(3), pseudonym(4)])
    back = read_bundle(file)
    assert back["files"] == json.loads(json.dumps(files)) == files
    assert {name.split("/")[0] for name in files} == {"account-1", "account-2"}
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list(file.parent.glob("*.partial"))


def test_a_changed_bundle_is_refused(world, desk):
    _, file = answered(world, desk, "export", [pseudonym(3)])
    texts = inside(file)
    with zipfile.ZipFile(file, "w") as bundle:
        for name, text in texts.items():
            bundle.writestr(name, text.replace("own-3-", "own-4-"))
    with pytest.raises(ContractError, match="damaged"):
        read_bundle(file)


def test_a_bundle_holds_no_pseudonym_hash_or_batch(world, desk):
    account = pseudonym(3)
    _, file = answered(world, desk, "access", [account])
    text = "".join(inside(file).values())
    batches = desk.lake.batches()
    assert not any(each in text for each in (account, "row_id", "account_hash", 'conversation"', *batches))


def test_times_have_a_zone_and_masked_texts_are_said_to_be(world, desk):
    _, file = answered(world, desk, "access", [pseudonym(3)])
    texts = inside(file)
    times = [turn["sent_at"] for chat in json.loads(texts["chats.json"]) for turn in chat["messages"]]
    assert times
    assert all(re.fullmatch(r"2026-\d\d-\d\dT12:0\d:00Z", at) for at in times)
    assert all("<PERSON_1>" in texts[name] for name in ("README.md", "chats.md"))


def test_marks_identifiers_and_refused_rows_are_told(empty):
    account, now, lake = pseudonym(3), datetime(2026, 11, 23, tzinfo=UTC), Lake(empty.path("lake"))
    lake.mark([account], "hold", is_set=True, at=now)
    entries = {"account": account, "hash": "ab" * 16, "type": [None, "EMAIL"], "words": None, "month": "all"}
    lake.add("identities", pl.DataFrame(entries))
    folder = empty.path("lake", "quarantine")
    folder.mkdir(exist_ok=True)
    refused = {"file": "f", "table": "events", "line": 7, "rule": "os|type", "account": [account, pseudonym(4)]}
    pl.DataFrame(refused).write_parquet(folder / "b.parquet")
    about = collect(lake, [account])[account]["account"]
    assert about["marks"] == [{"mark": "hold", "is_set": True, "at": "2026-11-23T00:00:00Z"}]
    assert (about["identifiers"], about["refused"]) == (1, [{"table": "events", "rule": "os|type", "rows": 1}])


def test_rows_of_the_product_come_in_the_clear_and_only_ones_own(world, tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    chat = {"conversation_id": "c", "started_at": "2026-10-01", "messages": [{"role": "user", "content": "I am Jo"}]}
    lines = [json.dumps({"user": user, **chat}) for user in ("u-1", "u-2")]
    (folder / "chats.jsonl").write_text("\n".join([*lines, "{ broken"]))
    (folder / "events.csv").write_text("account_id,occurred_at,event\nu-2,2026-10-01,open\n7,2026-10-01,open\n")
    hasher = IdentityHasher(*world.secret_keys())
    one, seven = hasher.pseudonym("u-1"), hasher.pseudonym("7")
    fit = ColumnMap(tables={"chats": TableMap(rename={"user": "account_id"})})
    assert exported(world, folder, [one], fit) == {"chats": [{"user": "u-1", **chat}]}
    own = exported(world, folder, [seven], fit)
    assert [row["account_id"] for row in own["events"]] == ["7"]
    assert set(contents("access", [], own)) == {"product/events.json"}
    assert not contents("export", [], own)


def pa(settings, name, *arguments, people):
    call = CliRunner().invoke(getattr(command, name), ["-w", str(settings.root), "--by", "N. N.", *arguments], people)
    if call.exception and not isinstance(call.exception, SystemExit):
        raise call.exception
    return call.output


@pytest.fixture
def jane(empty, add):
    """An account that the command line can be asked for."""
    rows = tagged("events", [1], (10, 6)).with_columns(
        account=pl.lit(IdentityHasher(*empty.secret_keys()).pseudonym("j"))
    )
    add(empty, events=rows)
    return empty


def test_a_dry_run_counts_and_leaves_nothing(jane):
    assert "1 events" in pa(jane, "access", "--dry-run", people="j")
    assert not list(jane.path("requests").iterdir())
    assert not jane.path("logs", "audit.jsonl").exists()


def test_what_a_crash_cut_short_is_carried_on_by_its_id(jane, monkeypatch):
    from privacy_analytics.rights import bundle

    with monkeypatch.context() as patched:
        patched.setattr(bundle, "_write", lambda *_: (_ for _ in ()).throw(RuntimeError))
        with pytest.raises(RuntimeError):
            pa(jane, "access", people="j")
    requests = Requests(jane, Lake(jane.path("lake")))
    (request,) = requests.all()
    assert request.state == "open"
    assert request.id in pa(jane, "access", "--request", request.id, people="")
    (done,) = requests.all()
    assert done.state == "done"
    assert done.answered
    assert requests.path(done, "bundle.zip").exists()


def test_a_request_that_was_entered_is_answered_by_its_id(jane):
    told = pa(jane, "export", "--enter", people="j")
    requests = Requests(jane, Lake(jane.path("lake")))
    (request,) = requests.all()
    assert (request.state, f"--request {request.id}" in told) == ("open", True)
    pa(jane, "export", "--request", request.id, people="")
    assert [each.state for each in requests.all()] == ["done"]


def test_the_log_says_that_somebody_looked_and_at_how_much(jane):
    pa(jane, "export", people="j")
    said = [entry for entry in AuditLog(jane).entries() if entry.action == "export"]
    assert [(entry.facts["by"], entry.facts["rows"]) for entry in said] == [("N. N.", 0)]
    pa(jane, "access", people="j")
    assert [entry.facts["rows"] for entry in AuditLog(jane).entries() if entry.action == "access"] == [1]
    assert total({"a": {"x": 1, "y": 2}}) == 3
