"""What is wrong is put right in place, what was derived of it made anew, and nobody else's row changes."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl
import pytest
from click.testing import CliRunner

from privacy_analytics import scrub, workspace
from privacy_analytics.cli.account import correct as command
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.ingest.intake import ingest
from privacy_analytics.lake import Lake
from privacy_analytics.rights import choices
from privacy_analytics.rights.changes import checked, fingerprint
from privacy_analytics.rights.correction import Correction, Subject, carry_out, open_request
from privacy_analytics.rights.holdings import collect, stored
from privacy_analytics.rights.requests import Requests
from privacy_analytics.scrub.identities import IdentityHasher, find_own

TODAY = date(2026, 11, 23)
WHO = {"email": "jo@new.test", "username": "sidechain compression", "name": "Jo Newname"}


@dataclass
class Masked:
    text: str


class OwnAlone:
    """A scrubber that masks an account's own identifiers and nothing else."""

    tier = "own"

    def __init__(self, hasher):
        self.hasher = hasher

    def scrub(self, texts, own=None, conversations=None):
        return [Masked(self._masked(text, each)) for text, each in zip(texts, own, strict=True)]

    def _masked(self, text, own):
        for span in reversed(find_own(text, own, self.hasher) if own else []):
            text = f"{text[: span.start]}<OWN>{text[span.end :]}"
        return text


def rows_of(user):
    """An export's rows of one account."""
    said = ["How do I set up sidechain compression on my kick?", "Use Newname, as jo@old.test does."]
    turns = [{"role": role, "content": text} for role, text in zip(("user", "assistant"), said, strict=True)]
    answers = [{**turn, "role": role} for turn, role in zip(turns, ("user", "agent"), strict=True)]
    talk = {"account_id": user, "conversation_id": "c", "started_at": "2026-10-01T10:00:00Z", "messages": turns}
    asked = {"account_id": user, "ticket_id": "t", "opened_at": "2026-10-02T10:00:00Z", "subject": "Newname"}
    old = {"email": f"{user}@old.test", "username": f"{user}_oldname", "name": "Jo Oldname"}
    at = {"account_id": user, "occurred_at": "2026-10-02T10:00:00Z"}
    return {
        "accounts": [{"account_id": user, **old, "country": "FR", "plan_tier": "free", "age_attested": True}],
        "chats": [talk],
        "events": [
            {**at, "event_id": f"e-{n}", "event": "app_opened", "os": "macos", "session_id": "s"} for n in (1, 2)
        ],
        "crashes": [{**at, "crash_id": "x", "stack": "at /home/Newname/plug"}],
        "support": [{**asked, "messages": answers}],
    }


@dataclass
class Bench:
    settings: object
    folder: object

    def __post_init__(self):
        self.lake = Lake(self.settings.path("lake"))
        self.requests = Requests(self.settings, self.lake)
        self.hasher = IdentityHasher(*self.settings.secret_keys())
        self.scrubber = OwnAlone(self.hasher)
        self.me, self.other = self.hasher.pseudonym("u-1"), self.hasher.pseudonym("u-2")
        self.subject = Subject(self.me, "u-1")

    def take(self):
        return ingest(self.settings, self.folder, scrubber=self.scrubber)

    def correct(self, **raw):
        wanted = checked(self.settings, raw)
        known = fingerprint(self.settings, raw)
        request = open_request(self.requests, self.me, known) or self.requests.create(
            "correct", [self.me], by="N. N.", received=TODAY, frozen={"changes": known}
        )
        done = carry_out(self.settings, self.requests, request, self.subject, wanted, self.scrubber, today=TODAY)
        return self.requests.get(request.id), done

    def correction(self, **raw):
        return Correction(self.settings, self.lake, self.subject, checked(self.settings, raw), self.scrubber)

    def of(self, table, account=None):
        return stored(self.lake, table, [account or self.me])

    def hash(self, account):
        """Of every row of an account, whatever file it lies in."""
        rows = [
            (name, sorted(map(repr, self.of(name, account).rows()))) for name in self.lake.schemas if name != "subjects"
        ]
        return hashlib.sha256(repr(rows).encode()).hexdigest()


_MADE = []


@pytest.fixture
def bench(tmp_path, tmp_path_factory):
    """Two accounts of one export, taken in: made once, and copied for each test."""
    if not _MADE:
        made = tmp_path_factory.mktemp("corrected")
        settings = workspace.create(
            made / "w", product="P", contact_email="o@s.test", timezone="UTC", posted=date(2026, 1, 1)
        )
        (made / "export").mkdir()
        for table in rows_of("u-1"):
            lines = [json.dumps(row) for user in ("u-1", "u-2") for row in rows_of(user)[table]]
            (made / "export" / f"{table}.jsonl").write_text("\n".join(lines))
        Bench(settings, made / "export").take()
        _MADE.append(made)
    shutil.copytree(_MADE[0], tmp_path / "made")
    workspace.accept_restore(tmp_path / "made" / "w")
    return Bench(workspace.load(tmp_path / "made" / "w"), tmp_path / "made" / "export")


@pytest.fixture
def pa(bench, monkeypatch):
    """``pa account correct`` for the first account, with the scrubber of this file."""
    monkeypatch.setitem(vars(scrub), "Scrubber", lambda *_, **__: bench.scrubber)

    def call(*more, **changes):
        line = json.dumps({"account_id": "u-1", "changes": changes})
        arguments = ["-w", str(bench.settings.root), "--by", "N. N.", *more]
        return CliRunner().invoke(command.correct, arguments, line, catch_exceptions=False).output

    return call


ALL = {
    "accounts": {**WHO, "country": "de", "created_at": "2026-01-05T23:30:00-02:00"},
    "rows": [{"table": "events", "id": "e-1", "set": {"os": "windows", "event": "message_sent"}}],
}


@pytest.mark.clause("8.correct")
def test_a_correction_reaches_what_is_derived_lasts_and_touches_nobody_else(bench):
    before, themes = bench.hash(bench.other), bench.of("themes")["theme"].to_list()
    bench.correct(**ALL)
    (row,) = bench.of("accounts").to_dicts()
    assert (row["country"], row["plan_tier"], str(row["day"])) == ("DE", "free", "2026-01-06")
    assert bench.of("events").sort("row_id")["os"].sort().to_list() == ["macos", "windows"]
    assert bench.of("sessions")["prompts"].to_list() == [1.0]
    texts = str([bench.of(table).to_dicts() for table in ("messages", "crashes", "support")])
    assert "<OWN>" in texts
    assert not any(word in texts for word in ("Newname", "sidechain"))
    assert bench.of("themes")["theme"].to_list() != themes
    after = bench.hash(bench.me)
    bench.take()  # the same old export once more
    assert bench.hash(bench.me) == after
    assert bench.hash(bench.other) == before


def test_of_an_old_identity_no_hash_is_left_and_the_new_one_finds_the_account(bench):
    old = set(bench.of("identities")["hash"])
    bench.correct(accounts=WHO)
    now = set(bench.of("identities")["hash"])
    assert now == {entry[0] for entry in bench.hasher.stored(*WHO.values())}
    gone = old - now - set(bench.of("identities", bench.other)["hash"])
    files = bench.lake.root.glob("identities/month=*/batch=*/*.parquet")
    assert gone
    assert not gone & {each for file in files for each in pl.read_parquet(file, hive_partitioning=False)["hash"]}


def test_sessions_of_every_batch_are_derived_anew(bench):
    later = [{"account_id": "u-1", "occurred_at": "2026-10-03T10:00:00Z", "event": "app_opened", "event_id": "e-9"}]
    for file in bench.folder.iterdir():
        file.unlink()
    (bench.folder / "events.jsonl").write_text("\n".join(map(json.dumps, later)))
    bench.take()
    assert bench.of("sessions")["batch"].n_unique() == 2
    rows = [{"table": "events", "id": f"e-{n}", "set": {"event": "message_sent"}} for n in (1, 2)]
    bench.correct(rows=rows)
    by_batch = bench.of("sessions").group_by("batch").agg(pl.col("prompts").sum(), pl.len()).sort("batch")
    assert by_batch.select("prompts", "len").rows() == [(2.0, 1), (2.0, 2)]


LONG = [pytest.param(step, at, marks=pytest.mark.long) for step, at in (("_put", 4), ("_settle", 2), ("_settle", 3))]


@pytest.mark.parametrize(("step", "at"), [("_put", 2), ("_settle", 1), *LONG])
def test_a_correction_cut_short_is_completed_by_the_same_lines(bench, monkeypatch, step, at):
    inside, calls = getattr(Correction, step), []

    def killed(self, *arguments, **more):
        calls.append(1)
        if len(calls) == at:
            if step == "_settle":  # rows are gone, and the new ones not there
                monkeypatch.setattr(bench.lake, "append", lambda *_: (_ for _ in ()).throw(SystemError))
                inside(self, *arguments, **more)
            raise SystemError
        inside(self, *arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Correction, step, killed)
        with pytest.raises(SystemError):
            bench.correct(**ALL)
    monkeypatch.undo()
    (begun,) = bench.requests.all()
    assert begun.state == "working"
    done, _ = bench.correct(**ALL)
    assert (done.id, done.state) == (begun.id, "done")
    whole = collect(bench.lake, [bench.me])[bench.me]
    whole["account"].pop("requests")
    assert (whole["account"]["now"]["country"], whole["account"]["identifiers"]) == ("DE", 3)
    assert "Newname" not in str(whole)
    assert [each["prompts"] for each in whole["telemetry"]["sessions"]] == [1.0]
    assert sum(len(chat["themes"]) for chat in whole["chats"]) == 1
    assert bench.correction(**ALL).apply() == {}


def test_neither_record_nor_receipt_nor_log_holds_a_value(bench):
    done, receipt = bench.correct(**ALL)
    files = [*bench.requests.folder.rglob("*"), bench.settings.path("logs", "audit.jsonl")]
    text = "".join(file.read_text() for file in files if file.is_file())
    assert not any(word in text for word in ("jo@new", "Newname", "windows", '"DE"', "e-1", bench.me))
    assert receipt["columns"] == {
        "accounts": ["country", "created_at", "email", "name", "username"],
        "events": ["event", "os"],
    }
    assert "changes" not in done.frozen


def test_an_account_under_hold_stays_as_it_is_until_the_hold_is_lifted(bench):
    def chosen(kind):
        given = {"reference": "C-1", "reason": "litigation"}
        frozen = choices.freeze(kind, bench.requests, [bench.me], **given)
        made = bench.requests.create(kind, [bench.me], by="N. N.", received=TODAY, frozen=frozen)
        choices.carry_out(bench.requests, made, by="N. N.", today=TODAY)

    chosen("hold")
    before = bench.hash(bench.me)
    request, receipt = bench.correct(accounts={"country": "DE"})
    assert (request.state, receipt, bench.hash(bench.me)) == ("deferred", None, before)
    chosen("unhold")
    again, receipt = bench.correct(accounts={"country": "DE"})
    assert (again.id, again.state, receipt["rows"]) == (request.id, "done", {"accounts": 1})


def test_who_a_closed_account_is_is_not_kept_again(bench):
    bench.lake.mark([bench.me], "closed", is_set=True, at=datetime.now(UTC))
    with pytest.raises(UsageError, match="closed"):
        bench.correction(accounts=WHO).planned()


def test_corrected_texts_are_scrubbed(bench):
    bench.correct(rows=[{"table": "support", "id": "t", "set": {"subject": "I am u-1_oldname"}}])
    assert bench.of("support")["subject"].to_list() == ["I am <OWN>"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({}, "not said what"),
        ({"account": {}}, "not said what"),
        ({"accounts": {"contry": "DE"}}, "Did you mean country"),
        ({"accounts": {"country": "Secretland"}}, "public list countries"),
        ({"accounts": {"created_at": "secret"}}, "created_at"),
        ({"accounts": {"created_at": "2026-01-01"}}, "no_timezone"),
        ({"accounts": {"email": "secret@x.test"}}, "all three"),
        ({"accounts": {"age_attested": False}}, "age_attested"),
        ({"accounts": {"account_id": "secret"}}, "can be corrected"),
        ({"rows": [{"table": "event", "id": "secret", "set": {"os": "macos"}}]}, "Did you mean events"),
        ({"rows": [{"table": "events", "id": "secret", "set": {"duration_ms": -1}}]}, "0 to 3600000"),
        ({"rows": [{"table": "events", "id": "secret", "set": {"event": None}}]}, "event"),
        ({"rows": [{"table": "events", "id": "secret", "set": {}}]}, "something is set"),
        ({"rows": [{"table": "chats", "id": "secret", "set": {"messages": []}}]}, "can be corrected"),
        ({"rows": [{"table": "support", "id": "secret", "set": {"subject": "data:audio/wav;secret"}}]}, "audio"),
        ({"rows": ["secret"]}, "table, an id"),
    ],
)
def test_what_breaks_the_contract_is_refused_and_not_repeated(empty, raw, said):
    with pytest.raises(UsageError, match=said) as refused:
        checked(empty, raw)
    assert "ecret" not in str(refused.value)


def test_a_row_of_somebody_else_or_of_another_month_is_not_found(bench):
    def planned(**set_):
        raw = {"rows": [{"table": "events", **set_}]}
        return Correction(
            bench.settings, bench.lake, bench.subject, checked(bench.settings, raw), bench.scrubber
        ).planned()

    with pytest.raises(NotFound, match="1 of 1 row"):
        planned(id="e-7", set={"os": "macos"})
    with pytest.raises(UsageError, match="stays in the month"):
        planned(id="e-1", set={"occurred_at": "2026-11-02T10:00:00Z"})


def test_a_dry_run_names_columns_and_changes_nothing(bench, pa):
    before = bench.hash(bench.me)
    assert "events        event, os  1 row(s)" in pa("--dry-run", **ALL)
    assert bench.hash(bench.me) == before
    assert not bench.requests.all()


def test_the_terminal_tells_what_changed_and_what_stays_without_a_value(bench, pa):
    told = pa(**ALL)
    assert all(each in told for each in ("corrected", "country, created_at", "1 sessions", "Releases and reports"))
    assert not any(each in told for each in ("jo@new", "windows", "DE", bench.me))
    (request,) = bench.requests.all()
    assert request.state == "done"
    assert "none: all was so" in pa(**ALL)


def test_a_correction_that_was_entered_is_carried_on_by_its_id_with_the_same_changes_alone(bench, pa):
    told = pa("--enter", **ALL)
    (request,) = bench.requests.all()
    assert (request.state, f"--request {request.id}" in told, "answer by" in told) == ("open", True, True)
    with pytest.raises(UsageError, match="not the changes"):
        pa("--request", request.id, accounts={"country": "DE"})
    assert f"{request.id}  corrected" in pa("--request", request.id, **ALL)
    assert [each.state for each in bench.requests.all()] == ["done"]
