"""After an erasure the witness finds nothing of the account in any store; everybody else's rows are as they were."""

import base64
import gzip
import hashlib
import json
import shutil
from datetime import UTC, date, datetime

import polars as pl
import pytest

from privacy_analytics import workspace
from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import UsageError
from privacy_analytics.ingest.maps import ColumnMap
from privacy_analytics.lake import ALWAYS, Lake, rewriting
from privacy_analytics.rights import erase as erasing
from privacy_analytics.rights.choices import carry_out, freeze
from privacy_analytics.rights.erase import Erasure, Exports, Person, enter
from privacy_analytics.rights.preview import preview
from privacy_analytics.rights.requests import Requests
from privacy_analytics.rights.subjects import Asked, find
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.tombstones import Tombstones
from privacy_analytics.witness import find as witness

TODAY = date(2026, 11, 23)
SAID = "The bridge of my third song still sounds hollow to me"
MAIL = "mara.voss@studio.test"
LONG = pytest.mark.long
IDS = ("u-000001", "u-000002", "u-000003")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three accounts with rows in tables of each kind; the first one's texts are in all that hold texts."""
    root = tmp_path_factory.mktemp("made") / "w"
    settings = workspace.create(
        root, product="Plugin", contact_email="officer@studio.test", timezone="UTC", posted=date(2026, 1, 1)
    )
    hasher = IdentityHasher(*settings.secret_keys())
    people = [hasher.pseudonym(each) for each in IDS]
    texts = [SAID, "How do I side-chain a pad to the kick drum?", "Which chords fit a sad song in A minor here?"]
    lake = Lake(settings.path("lake"))

    def add(table, month, **columns):
        rows = pl.DataFrame({"account": people, **columns}, schema_overrides={"account": pl.String})
        absent = {name: kind for name, kind in lake.schemas[table].items() if name not in rows.columns}
        rows = rows.with_columns(pl.lit(None, kind).alias(name) for name, kind in absent.items())
        lake.add(table, pl.concat([rows, rows]).with_columns(month=pl.lit(month)))

    turn = {"role": "user", "sent_at": None, "channel": "text", "voice_seconds": None}
    add("events", "2026-10", feature=["chat"] * 3)
    add("messages", "2026-10", content=[f"Hello. {text}." for text in texts])
    add("support", "2026-10", messages=[[{**turn, "content": f"{text} Again, please"}] for text in texts])
    add("identities", ALWAYS, hash=[hasher.identifier_hash(each) for each in (MAIL, "jo@s.test", "kim@s.test")])
    folder = lake.root / "quarantine"
    folder.mkdir(exist_ok=True)
    pl.DataFrame({"line": [1, 2], "account": people[:2]}).write_parquet(folder / f"{lake.batches()[0]}.parquet")
    return root


@pytest.fixture
def settings(made, tmp_path):
    shutil.copytree(made, tmp_path / "w")
    workspace.accept_restore(tmp_path / "w")
    return workspace.load(tmp_path / "w")


@pytest.fixture
def whom(settings):
    return IdentityHasher(*settings.secret_keys()).pseudonym(IDS[0])


def requests_of(settings):
    return Requests(settings, Lake(settings.path("lake")))


def erase(settings, *accounts, names=(MAIL,), **options):
    requests = requests_of(settings)
    entered = enter(requests, [Person((each,), TODAY) for each in accounts], by="N. N.", exports=False)
    return Erasure(settings, requests, by="N. N.", today=TODAY, names=names, **options).carry_out(entered)


def notebook(*cells):
    made = [{"cell_type": "code", "source": ["1"], "metadata": {}, "outputs": [], **each} for each in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def plants(whom):
    """Each kind of store with something of the account in it: {path: bytes}."""
    log = f'kept\n{{"text": "{SAID.upper()}"}}\nkept, too\nby {whom}\n'
    output = {"output_type": "stream", "name": "stdout", "text": [f"{SAID[:20]}", f"{SAID[20:]}\n"]}
    return {
        "logs/run.log": log.encode(),
        "logs/old.log.gz": gzip.compress(log.encode()),
        "runs/2026-10/usage_report/001/report.html": f"<p>{SAID}</p>".encode(),
        "runs/2026-10/usage_report/001/manifest.json": b'{"month": "2026-10"}',
        "runs/2026-10/usage_report/002/report.html": b"<p>clean</p>",
        "runs/2026-10/usage_report/002/executed.ipynb": notebook({"outputs": [output]}, {"source": ["2"]}).encode(),
        "runs/2026-10/usage_report/failed.ipynb": notebook({"metadata": {"by": MAIL}}).encode(),
        "runs/2026-10/usage_report/.scratch-7/x.bin": base64.b64encode(SAID.encode()),
        "notebooks/mine.ipynb": notebook({"source": [f"who = '{whom}'"]}, {"source": ["3"]}).encode(),
        "notebooks/.ipynb_checkpoints/mine-checkpoint.ipynb": notebook({"source": [whom]}).encode(),
        "private/lab/history.bin": b"\0\1" + SAID.encode("utf-16-le"),
        "snapshots/2026-10.r0.abc.partial": whom.encode(),
        "approved/s-0123456789.json": json.dumps({"quote": SAID}).encode(),
        "lake/quarantine/notes.txt": f"{SAID}\n".encode(),
        "lake/staging/messages/2026-10/0.parquet": whom.encode(),
        "keys/mine.txt": f"pad\n{SAID}\n".encode(),
        "stray.csv": f"a,b\n1,{MAIL}\n2,x\n".encode(),
    }


def plant(settings, files):
    for name, content in files.items():
        file = settings.path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def rows_of_others(settings, whom):
    lake = Lake(settings.path("lake"))
    months = {table: [*lake.months(table)] for table in lake.schemas if table != "subjects"}
    return {
        (table, month): lake.scan(table, month, lake.batches()).filter(pl.col("account") != whom).collect()
        for table, each in months.items()
        for month in each
    }


def assert_what_says_nothing_of_it_is_kept(settings):
    assert settings.path("logs/run.log").read_text() == "kept\nkept, too\n"
    assert settings.path("stray.csv").read_text() == "a,b\n2,x\n"
    assert settings.path("keys/mine.txt").read_text() == "pad\n"
    mine = json.loads(settings.path("notebooks/mine.ipynb").read_text())
    assert [cell["source"] for cell in mine["cells"]] == [["3"]]
    executed = json.loads(settings.path("runs/2026-10/usage_report/002/executed.ipynb").read_text())
    assert [cell["outputs"] for cell in executed["cells"]] == [[], []]
    assert not settings.path("runs/2026-10/usage_report/001").exists()
    assert not settings.path("logs/old.log.gz").exists()


def tree(settings):
    files = [file for file in sorted(settings.root.rglob("*")) if file.is_file() and file.parent.name != "private"]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.name[0] != "."}


@pytest.mark.clause("8.erase")
def test_nothing_of_an_erased_account_is_left_in_any_store(settings, whom):
    needles = [whom, SAID, MAIL, IdentityHasher(*settings.secret_keys()).identifier_hash(MAIL)]
    plant(settings, plants(whom))
    found = {hit.path for hit in witness(settings.root, needles)}
    assert set(plants(whom)) - found == {
        name for name in plants(whom) if name.endswith(("manifest.json", "2/report.html"))
    }
    before = rows_of_others(settings, whom)
    (done,) = erase(settings, whom)
    assert (done.state, done.answered) == ("done", TODAY)
    assert witness(settings.root, needles) == []
    after = rows_of_others(settings, whom)
    assert after.keys() == before.keys()
    assert all(after[each].equals(before[each]) for each in before)
    assert_what_says_nothing_of_it_is_kept(settings)
    (file,) = settings.path("lake", "quarantine").glob("*.parquet")
    assert pl.read_parquet(file)["line"].to_list() == [2]


def test_a_dry_run_writes_nothing(settings, whom):
    plant(settings, plants(whom))
    before = tree(settings)
    told = dict(preview(settings, requests_of(settings), [whom], names=[MAIL]))
    assert tree(settings) == before
    assert (told["events"], told["messages"], told["quarantine"]) == ("2 row(s)", "2 row(s)", "1 row(s)")
    assert told["to withdraw"] == "no published report"
    assert told["runs"] == "4 file(s)"


def test_several_people_are_erased_in_one_pass(settings, whom, monkeypatch):
    other = IdentityHasher(*settings.secret_keys()).pseudonym(IDS[1])
    passes = []
    monkeypatch.setattr(erasing, "rewrite", lambda *given: passes.append(given[1]) or rewriting.rewrite(*given))
    ended = erase(settings, whom, other)
    assert [each.state for each in ended] == ["done", "done"]
    assert len(passes) == len(set(passes))
    assert len({each.id for each in ended}) == 2


def test_a_receipt_says_what_went_and_what_stays_and_nobody_can_tell_whose_it_is(settings, whom):
    (done,) = erase(settings, whom)
    file = settings.path("requests", done.id, "receipt.json")
    told = json.loads(file.read_text())
    assert told["rows"]["events"] == 2
    assert told["steps"][-1]["what"].startswith("lake: 4 of 4 files written anew, 100.00% of bytes")
    assert done.id in settings.path("requests", done.id, "letter-done.md").read_text()
    assert told["verified"].startswith("0 hits in ")
    assert "1798.140(b)" in told["stays"]["releases"]
    last = [entry.facts for entry in AuditLog(settings).entries()][-1]
    assert last["receipt"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert requests_of(settings).about([whom]) == []


def test_a_store_that_fails_leaves_the_request_partial_and_the_rest_done(settings, whom, monkeypatch):
    def fails(lake, table, touched):
        if table == "messages":
            raise OSError("a secret text")
        return rewriting.rewrite(lake, table, touched)

    with monkeypatch.context() as patched:
        patched.setattr(erasing, "rewrite", fails)
        (cut,) = erase(settings, whom)
    assert cut.state == "partial"
    assert "messages failed (OSError)" in cut.steps[-1].what
    assert "secret" not in cut.steps[-1].what
    assert cut.answered is None
    lake = Lake(settings.path("lake"))
    assert lake.scan("events", "2026-10", lake.batches()).filter(pl.col("account") == whom).collect().is_empty()
    (done,) = erase(settings, whom)
    assert (done.id, done.state) == (cut.id, "done")
    assert witness(settings.root, [whom, SAID]) == []


def test_texts_that_cannot_be_read_stop_it_before_anything_is_removed(settings, whom):
    lake = Lake(settings.path("lake"))
    ((_, _, file),) = lake.live("messages")
    whole = file.read_bytes()
    requests = requests_of(settings)
    entered = enter(requests, [Person((whom,), TODAY)], by="N. N.", exports=False)
    file.write_bytes(whole[:200])
    (cut,) = Erasure(settings, requests, by="N. N.", today=TODAY).carry_out(entered)
    assert (cut.state, cut.steps[-1].what) == ("partial", "lake failed (ComputeError).")
    assert Tombstones(settings).all() == []
    file.write_bytes(whole)
    (done,) = erase(settings, whom)
    assert (done.id, done.state) == (cut.id, "done")


def test_a_file_that_could_not_be_changed_is_known_to_the_retry_though_its_texts_are_gone(settings, whom, monkeypatch):
    plant(settings, {"logs/run.bin": SAID.encode()})
    with monkeypatch.context() as patched:
        patched.setattr(erasing.Sweep, "_remove", lambda *_, **__: 0)
        (cut,) = erase(settings, whom)
    assert cut.state == "partial"
    assert "logs still holds something (1 file(s))" in cut.steps[-1].what
    (done,) = Erasure(settings, requests_of(settings), by="N. N.", today=TODAY).carry_out([cut])
    assert done.state == "done"
    assert not settings.path("logs/run.bin").exists()


@pytest.mark.parametrize(
    "name",
    [
        "export/chats.csv",
        *(pytest.param(each, marks=LONG) for each in ("releases/r-1.json", "ledger.sqlite-wal", "logs/audit.jsonl")),
    ],
)
def test_what_is_never_edited_is_told_with_what_to_do(settings, whom, name):
    if name == "logs/audit.jsonl":
        AuditLog(settings).add("ingest", tables=whom)
    else:
        plant(settings, {name: f"{SAID}\n".encode()})
    planted = settings.path(name).read_bytes()
    (cut,) = erase(settings, whom)
    assert cut.state == "partial"
    assert f"{name.partition('/')[0]} still holds something (1 file(s)). " in cut.steps[-1].what
    assert settings.path(name).read_bytes().startswith(planted)
    settings.path(name).unlink()
    (done,) = erase(settings, whom)
    assert (done.id, done.state) == (cut.id, "done")


def test_a_legal_hold_defers_it(settings, whom):
    requests = requests_of(settings)
    with requests.lake.locked():
        frozen = freeze("hold", requests, [whom], reference="7", reason="litigation")
        hold = requests.create("hold", [whom], by="N. N.", received=TODAY, frozen=frozen)
    carry_out(requests, hold, by="N. N.", today=TODAY)
    (cut,) = erase(settings, whom)
    assert cut.state == "deferred"
    assert cut.steps[-1].what == f"deferred: hold {frozen['hold']}; letter drafted; analytics excluded from now"
    assert settings.path("requests", cut.id, "letter-deferred.md").is_file()
    assert requests.lake.marked("hold").collect()["account"].to_list() == [whom]
    assert Tombstones(settings).all() == []
    with requests.lake.locked():
        lifts = freeze("unhold", requests, [whom], reference="7")
        lift = requests.create("unhold", [whom], by="N. N.", received=TODAY, frozen=lifts)
    carry_out(requests, lift, by="N. N.", today=TODAY)
    (done,) = erase(settings, whom)
    assert (done.id, done.state) == (cut.id, "done")


def test_files_of_earlier_requests_go_and_their_records_stay(settings, whom):
    requests = requests_of(settings)
    with requests.lake.locked():
        earlier = requests.create("access", [whom], by="N. N.", received=TODAY)
    requests.path(earlier, "bundle.zip").write_bytes(b"whatever it holds")
    erase(settings, whom)
    assert [file.name for file in (requests.folder / earlier.id).iterdir()] == ["record.json"]
    assert requests.get(earlier.id).steps[-1].what == "the account is erased"


def test_exports_that_were_to_be_rewritten_are_asked_for_on_a_retry(settings, whom):
    requests = requests_of(settings)
    entered = enter(requests, [Person((whom,), TODAY)], by="N. N.", exports=True)
    with pytest.raises(UsageError, match="--exports"):
        Erasure(settings, requests, by="N. N.", today=TODAY).carry_out(entered)


@LONG
def test_an_export_in_the_workspace_that_is_rewritten_may_hold_the_same_words_of_others(settings, whom):
    rows = "\n".join(f'{{"account_id": "{each}", "subject": "{SAID}"}}' for each in IDS[:2])
    plant(settings, {"export/support.jsonl": rows.encode()})
    (cut,) = erase(settings, whom, names=[])
    assert "export still holds something (1 file(s)). Is it a product export? Name it" in cut.steps[-1].what
    (done,) = erase(settings, whom, exports=Exports(settings.path("export"), ColumnMap()))
    assert (done.id, done.state) == (cut.id, "done")
    assert settings.path("export/support.jsonl").read_text() == rows.splitlines()[1]


@LONG
def test_the_same_input_again_takes_up_what_was_cut_short(settings, whom, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Erasure, "_verify", killed)
        with pytest.raises(Killed):
            erase(settings, whom)
    again = find(settings, Lake(settings.path("lake")), [Asked({"account_id": IDS[0]})])[0]
    assert again == (whom,)
    (done,) = erase(settings, *again)
    assert done.state == "done"
    assert len(requests_of(settings).all()) == 1


def test_cut_short_behind_the_last_row_it_is_finished_from_its_receipt(settings, whom, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Erasure, "_finish", lambda *_: None)
        (cut,) = erase(settings, whom)
    assert cut.state == "working"
    requests = requests_of(settings)
    assert requests.accounts(cut) == ()
    (done,) = Erasure(settings, requests, by="N. N.", today=TODAY).carry_out([cut])
    assert done.state == "done"


@LONG
def test_a_word_that_anybody_may_use_is_not_looked_for(settings, whom):
    plant(settings, {"logs/run.log": b"producer kit\n"})
    erase(settings, whom, names=["producer", "kit"])
    assert settings.path("logs/run.log").read_bytes() == b"producer kit\n"


@LONG
def test_a_row_that_comes_later_is_not_touched_by_a_done_request(settings, whom):
    (done,) = erase(settings, whom)
    record = settings.path("requests", done.id, "record.json").read_bytes()
    requests = requests_of(settings)
    Erasure(settings, requests, by="N. N.", today=datetime.now(UTC).date()).carry_out([done])
    assert settings.path("requests", done.id, "record.json").read_bytes() == record
