"""People are told of scheduled runs: what is said, to whom, and that nothing of it is lost."""

from __future__ import annotations

import json
import logging

import pytest

from privacy_analytics.errors import GateError, TryLater
from privacy_analytics.notices import notify, outbox
from privacy_analytics.notices.delivery import Undelivered
from privacy_analytics.notices.message import composed

RULE = "report.html, line 3: this is not what the release gives"
SAVES = 'cat >> "$0"; printf "\\0" >> "$0"'


@pytest.fixture
def told(tmp_path):
    """``told("success")``: what the command of success was given so far."""

    def read(about):
        file = tmp_path / about
        return file.read_text().split("\0")[:-1] if file.exists() else []

    return read


@pytest.fixture
def settings(telling, tmp_path):
    """Success and failure go to a command each."""
    lines = {about: ("sh", "-c", SAVES, str(tmp_path / about)) for about in ("success", "failure")}
    return telling(success_command=lines["success"], failure_command=lines["failure"])


def waiting(settings):
    file = settings.path("logs", "notices.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_failure_names_the_cell_its_heading_the_kind_and_what_to_do(empty, ended):
    notice = composed(empty, ended(LookupError("anneliese"), cell=5, heading="Who came back?"))
    assert notice.about == "failure"
    assert notice.subject == "Plugin: usage_report 2026-10 failed, exit 1"
    assert 'Cell           5, under "Who came back?"\nError          LookupError\n' in notice.text
    assert "Call the command by hand" in notice.text
    assert "anneliese" not in notice.text + notice.subject


def test_what_the_gate_kept_back_is_told_by_its_rule(empty, ended):
    text = composed(empty, ended(GateError([RULE]))).text
    assert f"Rule           {RULE}\n" in text
    assert "Exit code      40, the gate kept it back\n" in text


def test_a_success_says_what_was_made_and_that_it_is_provisional(empty, ended):
    notice = composed(empty, ended(run="001", published=True, provisional=True, place="case_study-mix_assist"))
    assert notice.about == "success"
    assert notice.subject == "Plugin: case_study-mix_assist 2026-10 published (provisional)"
    assert "Report         case_study\nParameter set  mix_assist\n" in notice.text
    assert "Page           published/2026-10/case_study-mix_assist/index.html\n" in notice.text
    assert "Provisional: files of the month were still missing" in notice.text
    assert "pa runs show 2026-10/case_study-mix_assist/001" in notice.text


def test_success_and_failure_go_to_different_people(settings, ended, told):
    notify(settings, ended(run="001"))
    notify(settings, ended(ValueError()))
    assert [each.splitlines()[0] for each in told("success")] == ["Plugin: usage_report 2026-10 finished"]
    assert [each.splitlines()[0] for each in told("failure")] == ["Plugin: usage_report 2026-10 failed, exit 1"]
    assert waiting(settings) == []


def test_nobody_is_told_that_a_job_waits_and_once_when_it_is_over(settings, ended, told):
    for _ in range(3):
        notify(settings, ended(TryLater("not yet")))
    assert told("success") == told("failure") == []
    notify(settings, ended(run="001"))
    notify(settings, ended(run="001", stood=True))
    assert len(told("success")) == 1


def test_what_stood_unpublished_and_is_published_now_is_news(settings, ended, told):
    notify(settings, ended(run="001"))
    notify(settings, ended(run="001", stood=True, published=True))
    notify(settings, ended(run="001", stood=True, published=True))
    assert [each.splitlines()[0].split()[-1] for each in told("success")] == ["finished", "published"]


def test_the_same_failure_again_is_no_news_and_another_one_is(settings, ended, told):
    for cell in (5, 5, 7):
        notify(settings, ended(ValueError(), cell=cell))
    assert len(told("failure")) == 2


def test_the_same_failure_is_news_again_after_a_day(settings, ended, told):
    for day in ("2026-11-01", "2026-11-02"):
        attempt = ended(ValueError())
        attempt.ended = f"{day}T02:00:01+00:00"
        notify(settings, attempt)
    assert len(told("failure")) == 2


def test_a_job_that_died_before_it_told_is_told_by_the_next(settings, ended, told):
    ended(run="001")  # killed here
    notify(settings, ended(run="001", stood=True))
    assert len(told("success")) == 1


def test_a_notice_that_dies_on_its_way_comes_twice_rather_than_never(settings, ended, told, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "deliver", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            notify(settings, ended(run="001"))
    assert len(waiting(settings)) == 1
    notify(settings, ended(TryLater("not yet")))
    assert len(told("success")) == 1


def test_a_command_that_fails_changes_nothing_and_is_tried_again_by_the_next_run(
    settings, telling, ended, told, caplog
):
    broken = telling(success_command=("sh", "-c", "exit 3"))
    with caplog.at_level(logging.WARNING):
        notify(broken, ended(run="001"))
    assert "was not delivered by command: exit 3. It is kept" in caplog.text
    assert [each["ways"] for each in waiting(broken)] == [["command"]]
    notify(settings, ended(run="001", stood=True))
    assert len(told("success")) == 1
    assert waiting(settings) == []


@pytest.mark.parametrize(("command", "reason"), [("/nowhere/at/all", "FileNotFoundError"), ("sleep 60", "no end")])
def test_a_command_that_is_not_there_or_never_ends_is_said(telling, ended, caplog, command, reason, monkeypatch):
    monkeypatch.setattr("privacy_analytics.notices.delivery._SECONDS", 0.2)
    settings = telling(failure_command=tuple(command.split()))
    notify(settings, ended(ValueError()))
    assert reason in caplog.text
    assert len(waiting(settings)) == 1


def test_a_way_that_does_not_work_is_tried_once_a_call(telling, ended, monkeypatch):
    tried = []

    def fails(_, notice, way):
        tried.append(notice.id)
        raise Undelivered("exit 3")

    monkeypatch.setattr(outbox, "deliver", fails)
    made = [ended(ValueError(), cell=cell) for cell in range(3)]
    for each in made:
        notify(telling(failure_command=("false",)), each)
    assert tried == [each.id for each in made]


def test_an_outbox_that_cannot_be_written_changes_nothing_and_is_said(settings, ended, caplog):
    settings.path("logs", "notices.jsonl").mkdir(parents=True)
    notify(settings, ended(ValueError()))
    assert "Notices could not be kept (IsADirectoryError)" in caplog.text


def test_only_so_many_wait(telling, ended, monkeypatch):
    monkeypatch.setattr(outbox, "MOST", 2)
    monkeypatch.setattr(outbox, "deliver", lambda *_: (_ for _ in ()).throw(Undelivered("exit 3")))
    settings = telling(failure_command=("false",))
    made = [ended(ValueError(), cell=cell) for cell in range(3)]
    for each in made:
        notify(settings, each)
    assert [each["notice"]["id"] for each in waiting(settings)] == [each.id for each in made[1:]]


def test_where_nobody_is_named_nothing_waits(telling, ended):
    settings = telling()
    notify(settings, ended(ValueError()))
    assert waiting(settings) == []
