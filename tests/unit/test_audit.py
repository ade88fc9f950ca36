"""The audit log grows, holds its chain, and holds no person."""

import json
from multiprocessing import get_context

import pytest

from privacy_analytics.audit import AuditLog, commitment
from privacy_analytics.errors import SettingsError


@pytest.fixture
def log(empty):
    return AuditLog(empty)


def test_entries_come_back_in_order(log):
    log.add("ingest", batch="b-1", rows=7)
    log.add("erase", request="R-0123456789", by="N. N.", stores=["events", "chats"], note=None)
    first, second = log.entries()
    assert (first.seq, first.action, first.facts) == (1, "ingest", {"batch": "b-1", "rows": 7})
    assert (second.seq, second.facts["stores"], "note" in second.facts) == (2, ["events", "chats"], False)
    assert log.verify()[0] == 2


@pytest.mark.clause("7.audit")
def test_a_changed_or_missing_entry_is_found(log):
    for rows in range(4):
        log.add("ingest", rows=rows)
    text = log.file.read_text()
    lines = text.splitlines(keepends=True)
    for tampered in (text.replace('"rows": 2', '"rows": 9'), "".join(lines[1:]), "".join([*lines[:1], *lines[2:]])):
        log.file.write_text(tampered)
        with pytest.raises(SettingsError, match="does not hold at entry"):
            log.verify()


def test_a_line_that_a_crash_cut_short_is_overwritten_by_the_next(log):
    log.add("ingest", rows=1)
    with log.file.open("a") as file:
        file.write('{"seq": 2, "at": "20')
    log.add("ingest", rows=2)
    assert [entry.facts["rows"] for entry in log.entries()] == [1, 2]
    assert log.verify()[0] == 2


@pytest.mark.parametrize("fact", ["My secret? a question!", "a\nb", "x" * 121, ["fine", "<b>"]])
def test_a_text_is_no_fact(log, fact):
    with pytest.raises(ValueError, match="audit log"):
        log.add("ingest", what=fact)
    assert not log.file.exists()


def test_a_commitment_cannot_be_made_again_without_its_salt():
    salts = ["00" * 32, "01" * 32]
    assert len({commitment(salt, "a" * 32) for salt in salts}) == 2
    assert "a" * 32 not in commitment(salts[0], "a" * 32)


def _many(settings):
    for _ in range(20):
        AuditLog(settings).add("ingest")


def test_processes_add_one_after_the_other(log, empty):
    context = get_context("forkserver")
    workers = [context.Process(target=_many, args=(empty,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert log.verify()[0] == 60
    assert json.loads(log.file.read_text().splitlines()[-1])["seq"] == 60
