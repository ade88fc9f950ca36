"""Choices do what they say and no more, are written down without a person, and survive being cut short anywhere."""

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest

from privacy_analytics.audit import AuditLog
from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import CountAccounts, TopKeys
from privacy_analytics.errors import NotFound
from privacy_analytics.lake import ALWAYS, Lake
from privacy_analytics.resolve import resolve
from privacy_analytics.rights import choices
from privacy_analytics.rights.choices import CHOICES, carry_out, deferred, freeze, holds
from privacy_analytics.rights.erase import Erasure, Person, enter
from privacy_analytics.rights.requests import Requests
from privacy_analytics.rights.subjects import find, parse
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.snapshots import snapshot

DAY = date(2026, 11, 23)
MATTER, OTHER = ({"reference": name, "reason": "litigation"} for name in ("2026-CV-118", "2026-CV-119"))


def pseudonym(number):
    return f"{number:032x}"


@pytest.fixture
def settings(workspace_with, events):
    """20 accounts in October, of which all wrote and were told themes; the product says of 2 that they opted out."""
    at = events(range(20)).select("account", "day")
    told = at.with_columns(area=pl.lit("mixing"), theme=pl.lit("levels"))
    flags = at.with_columns(opted_out=pl.int_range(pl.len()) == 18, gpc=pl.int_range(pl.len()) == 19)
    made = workspace_with(
        events(range(20)), themes=told, messages=at.with_columns(content=pl.lit("Make drums louder.")), accounts=flags
    )
    hasher, lake = IdentityHasher(*made.secret_keys()), Lake(made.path("lake"))
    known = [
        {"account": account, "hash": hasher.identifier_hash(f"{n}@studio.test"), "type": kind, "words": None}
        for n, account in enumerate(at["account"])
        for kind in (None, "EMAIL")
    ]
    rows = pl.DataFrame(known, schema=lake.schemas["identities"])
    lake.add("identities", rows.with_columns(month=pl.lit(ALWAYS)))
    return made


@pytest.fixture
def requests(settings):
    return Requests(settings, Lake(settings.path("lake")))


@pytest.fixture
def counted(settings):
    """How many accounts a question about October counts now."""
    contract = tables(settings)
    frozen = snapshot(settings, "2026-10", now=datetime(2026, 11, 23, tzinfo=UTC))

    def count(table="events", purpose="usage"):
        question = TopKeys("messages", "content", words=2) if table == "phrases" else CountAccounts(table)
        bounded = resolve(question, contract, purpose=purpose, month="2026-10", snapshot=frozen.token)
        engine = LakeEngine(Lake(settings.path("lake")), contract, [frozen], b"salt", "UTC")  # one a call, as a curator
        if table == "phrases":
            return engine.counts(bounded, ["make drums"])[0]
        return int(engine.sums(bounded).n.sum())

    return count


@pytest.fixture
def chosen(requests):
    """Enter a request about accounts by number, and carry it out."""

    def choose(kind, *numbers, **given):
        accounts = [pseudonym(number) for number in numbers]
        frozen = freeze(kind, requests, accounts, **given)
        request = requests.create(kind, accounts, by="N. N.", received=DAY, frozen=frozen)
        return carry_out(requests, request, by="N. N.", today=DAY)

    return choose


@pytest.mark.clause("10.opt_out")
def test_who_opts_out_is_in_no_marketing_number_and_in_internal_counts(chosen, counted):
    assert (counted(), counted(purpose="marketing")) == (20, 18)
    said = chosen("opt-out", 3, 4)
    assert (counted(), counted(purpose="marketing")) == (20, 16)
    assert said["ask_again_from"] == "2027-11-23"
    chosen("opt-in", 3)
    assert counted(purpose="marketing") == 17


def test_an_opt_in_says_where_the_products_export_still_says_otherwise(chosen, counted):
    said = chosen("opt-in", 3, 18, 19)
    assert "for 2 of 3 account(s); it holds until that changes" in said["note"]
    assert counted(purpose="marketing") == 18
    assert "note" not in chosen("opt-in", 3)


@pytest.mark.clause("10.limit")
def test_who_limits_is_in_no_theme_and_no_phrase_and_still_in_counts(chosen, counted):
    assert [counted(table) for table in ("themes", "phrases", "events")] == [20, 20, 20]
    chosen("limit", 3, 4)
    assert [counted(table) for table in ("themes", "phrases", "events")] == [18, 18, 20]
    chosen("unlimit", 4)
    assert [counted(table) for table in ("themes", "phrases", "events")] == [19, 19, 20]


@pytest.mark.clause("6.hold")
def test_who_is_held_is_in_no_number_and_is_not_erased_until_it_is_lifted(chosen, counted, requests, settings):
    def erased(entered):
        return Erasure(settings, requests, by="N. N.", today=DAY).carry_out(entered)[0]

    said = chosen("hold", 3, **MATTER)
    assert (counted(), counted("themes")) == (19, 19)
    assert holds(requests, [pseudonym(3), pseudonym(4)]) == [said["hold"]]
    assert holds(requests, [pseudonym(4)]) == []
    waiting = erased(enter(requests, [Person((pseudonym(3),), DAY)], by="N. N.", exports=False))
    assert (waiting.state, requests.accounts(waiting)) == ("deferred", (pseudonym(3),))
    chosen("unhold", 3, reference=MATTER["reference"])
    assert (counted(), holds(requests, [pseudonym(3)])) == (20, [])
    assert (erased([waiting]).state, counted()) == ("done", 19)


def test_an_account_with_another_hold_stays_held(chosen, counted, requests):
    first, second = chosen("hold", 3, 4, **MATTER), chosen("hold", 4, **OTHER)
    assert set(holds(requests, [pseudonym(3), pseudonym(4)])) == {first["hold"], second["hold"]}
    assert chosen("unhold", 3, 4, reference=MATTER["reference"])["lifts"] == [first["hold"]]
    assert (counted(), holds(requests, [pseudonym(3), pseudonym(4)])) == (19, [second["hold"]])


def test_a_hold_lifted_for_one_account_holds_for_the_others(chosen, counted, requests):
    said = chosen("hold", 3, 4, **MATTER)
    chosen("unhold", 3, reference=MATTER["reference"])
    assert (counted(), holds(requests, [pseudonym(4)]), holds(requests, [pseudonym(3)])) == (19, [said["hold"]], [])


def test_a_hold_that_is_not_in_force_cannot_be_lifted(chosen):
    chosen("hold", 3, **MATTER)
    with pytest.raises(NotFound, match="No hold with this reference"):
        chosen("unhold", 3, reference=OTHER["reference"])


def test_what_waited_for_a_hold_is_found_when_it_is_lifted(chosen, requests):
    waiting = requests.create("erase", [pseudonym(3)], by="N. N.", received=DAY)
    requests.step(waiting, "deferred", "deferred")
    assert [each.id for each in deferred(requests, [pseudonym(3)])] == [waiting.id]
    assert deferred(requests, [pseudonym(4)]) == []


@pytest.mark.clause("5.close")
def test_a_closed_account_loses_its_identity_physically_and_keeps_its_rows(chosen, counted, requests, settings):
    lake = requests.lake
    before = lake.scan("identities", ALWAYS, lake.batches()).collect()
    assert chosen("close", 3)["hashes"] == 2
    stored = pl.concat([pl.read_parquet(file) for file in lake.root.glob("identities/**/batch=*/*.parquet")])
    assert stored.select(before.columns[:4]).equals(before[:, :4].filter(pl.col("account") != pseudonym(3)))
    assert (counted(), counted("themes")) == (20, 20)
    assert lake.marked("closed").collect()["account"].to_list() == [pseudonym(3)]
    with pytest.raises(NotFound):
        find(settings, lake, parse("3@studio.test"))
    assert find(settings, lake, parse("4@studio.test")) == [(pseudonym(4),)]


def test_an_account_that_is_held_is_not_closed_before_the_hold_is_lifted(chosen, requests):
    held, lake = chosen("hold", 3, **MATTER)["hold"], requests.lake
    said = chosen("close", 3)
    request = requests.get(said["request"])
    assert (said["deferred"], request.state) == ([held], "deferred")
    assert lake.scan("identities", ALWAYS, lake.batches()).collect().height == 40
    assert lake.marked("closed").collect().is_empty()
    chosen("unhold", 3, reference=MATTER["reference"])
    carry_out(requests, request, by="N. N.", today=DAY)
    assert requests.get(request.id).state == "done"
    assert lake.scan("identities", ALWAYS, lake.batches()).collect().height == 38


def given_for(kind):
    return {"hold": MATTER, "unhold": {"reference": MATTER["reference"]}}.get(kind, {})


@pytest.mark.parametrize("kind", CHOICES)
def test_a_receipt_says_what_it_means_and_what_stays_and_nobody(chosen, requests, settings, kind):
    if kind == "unhold":
        chosen("hold", 3, **MATTER)
    said = chosen(kind, 3, **given_for(kind))
    request = requests.get(said["request"])
    receipt = requests.path(request, "receipt.json")
    assert json.loads(receipt.read_text()) == said
    assert (said["accounts"], said["means"], said["unchanged"]) == (1, CHOICES[kind].means, CHOICES[kind].unchanged)
    assert (request.state, request.answered) == ("done", DAY)
    assert pseudonym(3) not in receipt.read_text() + settings.path("logs", "audit.jsonl").read_text()
    last = list(AuditLog(settings).entries())[-1]
    assert (last.action, last.facts["request"], last.facts["accounts"]) == (kind, request.id, 1)


class Killed(BaseException):
    """No handler of ours catches it."""


STEPS = [(Requests, "step"), (Lake, "append"), (Lake, "commit"), (choices, "rewrite"), (choices, "write_private"),
         (AuditLog, "add")]  # fmt: skip


@pytest.mark.parametrize("kind", ["unhold", "close"])
def test_cut_short_before_any_step_a_retry_completes_what_was_frozen(kind, requests, chosen, monkeypatch):
    accounts, choice = [pseudonym(3)], CHOICES[kind]
    for at in range(20):
        if kind == "unhold":
            chosen("hold", 3, **MATTER)
        frozen = freeze(kind, requests, accounts, **given_for(kind))
        request = requests.create(kind, accounts, by="N. N.", received=DAY, frozen=frozen)
        with monkeypatch.context() as patched:
            die_before(patched, at)
            try:
                carry_out(requests, request, by="N. N.", today=DAY)
            except Killed:
                assert requests.get(request.id).state != "done"
                assert bool(holds(requests, accounts)) is (kind == "unhold")  # lifted when all is done
            else:
                break
        said = carry_out(requests, requests.get(request.id), by="A. A.", today=DAY)
        assert said.items() >= {"accounts": 1, **frozen}.items()
        assert requests.get(request.id).state == "done"
        assert requests.lake.marked(choice.mark).collect()["account"].to_list() == (accounts if choice.is_set else [])
    assert at == {"unhold": 6, "close": 7}[kind]
    assert requests.log.verify()[0] > at


def die_before(patched, at):
    """Of all calls of all steps, in their order, die before this one."""
    seen = []

    def mortal(honest):
        def step(*args, **kwargs):
            if len(seen) == at:
                raise Killed
            seen.append(1)
            return honest(*args, **kwargs)

        return step

    for owner, name in STEPS:
        patched.setattr(owner, name, mortal(getattr(owner, name)))


def test_carried_out_twice_nothing_is_done_again(chosen, requests, settings):
    said = chosen("opt-out", 3)
    batches, entries = requests.lake.batches(), AuditLog(settings).verify()
    assert carry_out(requests, requests.get(said["request"]), by="N. N.", today=date(2027, 1, 1)) == said
    assert (requests.lake.batches(), AuditLog(settings).verify()) == (batches, entries)


def test_a_subject_without_its_record_stops_nobody(chosen, requests, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Requests, "save", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            requests.create("hold", [pseudonym(3)], by="N. N.", received=DAY)
    assert holds(requests, [pseudonym(3)]) == []
    assert chosen("hold", 3, **MATTER)["hold"] in holds(requests, [pseudonym(3)])
