"""The sample export is what it says it is: seeded, plausible, full of identifiers, and broken only where announced."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256

import polars as pl
import pytest
import zstandard

from privacy_analytics.contracts import EXPORTS, MAX_MESSAGE
from privacy_analytics.errors import UsageError
from privacy_analytics.ingest.schemas import LINE, schema
from privacy_analytics.sample import write_sample
from privacy_analytics.sample.broken import EXPECTED
from privacy_analytics.sample.canaries import COUNTS, OWN
from privacy_analytics.shipped import shipped

BROKEN = {"accounts": 12, "chats": 9, "events": 8, "projects": 0, "performance": 2, "crashes": 6, "support": 3}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def rows(sample):
    """Rows of every table as an export reader would see them; lines that are no UTF-8 are left out."""
    read = {
        "chats": zstandard.decompress((sample.folder / "chats.jsonl.zst").read_bytes()),
        "crashes": gzip.decompress((sample.folder / "crashes.jsonl.gz").read_bytes()),
        "support": (sample.folder / "support.jsonl").read_bytes(),
    }
    return {name: [json.loads(line) for line in data.splitlines() if _is_text(line)] for name, data in read.items()}


@pytest.fixture(scope="module")
def events(sample):
    return pl.read_parquet(sample.folder / "events.parquet").drop_nulls(["account_id", "occurred_at"])


@pytest.fixture(scope="module")
def frames(sample, rows):
    frames = {name: _framed(schema(EXPORTS[name]), found) for name, found in rows.items()}
    frames |= {
        name: pl.read_parquet(sample.folder / f"{name}.parquet") for name in ("events", "performance", "projects")
    }
    accounts = pl.read_csv(sample.folder / "accounts.csv", infer_schema_length=None)
    return frames | {"accounts": accounts.with_columns(_time("created_at"))}


def _is_text(line):
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _time(column):
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False, time_zone="UTC")


def _moment(text):
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _framed(contract, found):
    """JSON rows as the frame their contract describes; undeclared keys and audio are somebody else's to find."""
    polars = pl.Schema({name: column.dtype for name, column in contract.columns().items() if name != LINE})
    times = [name for name, kind in polars.items() if kind == pl.Datetime]
    typed = [row | {name: _moment(row[name]) for name in times if name in row} for row in found]
    for row in typed:
        row["messages"] = [turn | {"sent_at": _moment(turn["sent_at"])} for turn in row.get("messages", [])]
    return pl.DataFrame([{name: row.get(name) for name in polars} for row in typed], schema=polars)


def _texts(row):
    return [row.get("stack"), row.get("subject"), *(turn["content"] for turn in row.get("messages", []))]


def _is_audio(row):
    signs = ("UklGR", "ID3", "data:audio/", "ZkxhQ", "GkXf", "MThd")
    return any(sign in text for text in _texts(row) if text for sign in signs)


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    def digests(name, seed):
        folder = write_sample(tmp_path / name, accounts=600, conversations=60, seed=seed).folder
        return {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}

    first = digests("first", 7)
    assert len(first) == len(EXPORTS)
    assert digests("second", 7) == first
    assert not set(digests("other", 8).values()) & set(first.values())


@pytest.mark.parametrize("name", EXPORTS)
def test_what_breaks_its_contract_is_planted(frames, name):
    good, failed = schema(EXPORTS[name]).filter(frames[name].with_row_index(LINE).cast({LINE: pl.Int64}))
    by_contract = len(failed.invalid())
    # Audio, a row with an undeclared key and a line of broken encoding are not a schema's to see.
    elsewhere = {"chats": 4, "crashes": 2, "support": 3}.get(name, 0)
    assert by_contract == BROKEN[name] - elsewhere
    assert len(good) > 0


def test_refused_rows_are_as_many_as_announced(sample, rows, frames):
    events, performance = frames["events"], frames["performance"]
    everything = [row for found in rows.values() for row in found]
    declared = {"account_id", "conversation_id", "started_at", "ended_at", "topic", "messages"}
    lines = (sample.folder / "support.jsonl").read_bytes().splitlines()
    timeless = [
        row for row in everything for key in ("started_at", "occurred_at") if key in row and not _moment(row[key])
    ]
    assert sample.expected_quarantine == {
        "under_age": frames["accounts"].filter(~pl.col("age_attested")).height,
        "audio": sum(map(_is_audio, everything)),
        "oversize": sum(any(len(text or "") > MAX_MESSAGE for text in _texts(row)) for row in everything),
        "undeclared_key": sum(bool(row.keys() - declared) for row in rows["chats"]),
        "bad_encoding": sum(not _is_text(line) for line in lines),
        "bad_time": len(timeless) + events["occurred_at"].null_count(),
        "no_account": sum(row["account_id"] is None for row in everything)
        + events["account_id"].null_count()
        + performance["account_id"].null_count(),
    }
    assert sum(EXPECTED.values()) == sum(BROKEN.values())


def test_every_key_is_on_its_public_list(frames):
    for name, columns in EXPORTS.items():
        for column, spec in columns.items():
            if keys := spec.keys:
                listed = set(shipped("data", "keys", f"{keys}.txt").read_text(encoding="utf-8").split("\n"))
                assert set(frames[name][column].drop_nulls()) <= listed, (name, column)


def test_the_smallest_sample_holds_all_canaries(tmp_path, sample):
    small = write_sample(tmp_path, accounts=200, conversations=60).canaries
    assert {kind: len(found) for kind, found in small.items()} == {
        k: len(found) for k, found in sample.canaries.items()
    }
    texts = zstandard.decompress((tmp_path / "chats.jsonl.zst").read_bytes())
    texts += gzip.decompress((tmp_path / "crashes.jsonl.gz").read_bytes()) + (tmp_path / "support.jsonl").read_bytes()
    assert not [secret for found in small.values() for secret in found if secret.encode() not in texts]


def test_every_canary_stands_in_a_text_that_is_kept(sample, rows, frames):
    objecting = set(frames["accounts"].filter(pl.col("opted_out") | pl.col("gpc"))["account_id"])
    kept = [
        row for found in rows.values() for row in found if not _is_audio(row) and row["account_id"] not in objecting
    ]
    text = "\n".join(text for row in kept for text in _texts(row) if text)
    missing = [(kind, secret) for kind, found in sample.canaries.items() for secret in found if secret not in text]
    assert not missing


def test_canaries_are_of_every_kind_and_unlike_all_other_words(sample):
    assert set(sample.canaries) == {*COUNTS, *OWN}
    secrets = [secret for found in sample.canaries.values() for secret in found]
    assert 150 <= len(secrets) <= 250
    assert len(set(secrets)) == len(secrets)
    banks = [file for file in shipped("data", "sample").iterdir() if file.name != "names.toml"]
    spoken = "\n".join(file.read_text(encoding="utf-8") for file in banks).casefold()
    assert not [secret for secret in secrets if secret.casefold() in spoken]


def test_both_sides_of_a_chat_repeat_identifiers(sample, rows):
    secrets = [secret for found in sample.canaries.values() for secret in found]
    sides = Counter(
        turn["role"]
        for name in ("chats", "support")
        for row in rows[name]
        for turn in row["messages"]
        if any(secret in turn["content"] for secret in secrets)
    )
    assert min(sides["user"], sides["assistant"], sides["agent"]) > 25


def test_cards_and_ibans_pass_their_checks(sample):
    for card in sample.canaries["card"]:
        digits = [int(c) for c in reversed(card) if c.isdigit()]
        assert sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits)) % 10 == 0
    for iban in (number.replace(" ", "") for number in sample.canaries["iban"]):
        assert int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4])) % 97 == 1


def test_accounts_name_their_own_identifiers_in_their_own_chats(sample, rows, frames):
    said = {row["account_id"]: "" for row in rows["chats"]}
    for row in rows["chats"]:
        said[row["account_id"]] += " ".join(turn["content"] for turn in row["messages"])
    for kind, column in {"person_own": "name", "username_own": "username", "email_own": "email"}.items():
        pairs = frames["accounts"].filter(pl.col(column).is_in(sample.canaries[kind])).select("account_id", column)
        assert pairs.height == 10
        assert all(value in said[account] for account, value in pairs.iter_rows())


def test_conversations_are_as_long_and_as_varied_as_promised(rows):
    good = rows["chats"][:600]
    turns = [turn for row in good for turn in row["messages"]]
    assert 3_300 <= len(turns) <= 3_900
    assert len({turn["content"] for turn in turns}) > 0.95 * len(turns)
    assert 0.08 <= sum(turn["channel"] == "voice" for turn in turns) / len(turns) <= 0.16
    assert all(turn["channel"] == "voice" for turn in turns if "voice_seconds" in turn)
    assert not [turn for turn in turns if set("[]{}|") & set(turn["content"])]


def test_conversations_take_turns_in_time(rows):
    for row in rows["chats"][: -BROKEN["chats"]]:
        roles = [turn["role"] for turn in row["messages"]]
        times = [turn["sent_at"] for turn in row["messages"]]
        assert roles == [("user", "assistant")[i % 2] for i in range(len(roles))]
        assert times == sorted(times)
        assert (times[0], times[-1]) == (row["started_at"], row["ended_at"])


def test_three_in_ten_accounts_ask_something_short_in_a_few_hundred_wordings(sample, rows):
    short = [row for row in rows["chats"] if row["conversation_id"].startswith("ask-")]
    for month in sample.active_accounts:
        assert 5_500 < len({row["account_id"] for row in short if row["started_at"].startswith(month)}) < 6_900
    texts = {turn["content"] for row in short for turn in row["messages"]}
    assert 500 < len(texts) < 900
    assert not [secret for found in sample.canaries.values() for secret in found if any(secret in t for t in texts)]


def test_active_accounts_are_the_truth(sample, events):
    month = events["occurred_at"].dt.strftime("%Y-%m")
    truth = dict(events.group_by(month.alias("month")).agg(pl.col("account_id").n_unique()).iter_rows())
    assert sample.active_accounts == truth
    assert all(0.65 < count / 20_000 < 0.78 for count in truth.values())
    assert all(sample.opted_out_active[month] < 0.09 * count for month, count in truth.items())


def test_a_sample_without_room_for_its_canaries_is_refused(tmp_path):
    with pytest.raises(UsageError, match="at least 200 accounts"):
        write_sample(tmp_path, accounts=100)
    with pytest.raises(UsageError, match="two months in a row"):
        write_sample(tmp_path, months=("2026-09", "2026-11"))
    with pytest.raises(UsageError, match="Months are written"):
        write_sample(tmp_path, months=("September", "October"))
