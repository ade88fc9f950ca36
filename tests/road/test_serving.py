"""``pa serve`` as a process: several sessions, dying workers, limits, sockets of the dead, an end without a loss."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from steps import MONTH, command, pa

from privacy_analytics import CountAccounts, open_session
from privacy_analytics.errors import LOST, LedgerError, PolicyError, TryLater
from privacy_analytics.remote import SocketCurator
from privacy_analytics.serving.worker import UNANSWERED

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="pa serve runs on Linux")]
BY_FEATURE = CountAccounts("events", by="feature")
DOOMED = """
import mmap, os, signal, sys
from pathlib import Path
from privacy_analytics.serving import server, worker
from privacy_analytics.serving.calls import Terms

root, path, step, fate, gate = sys.argv[1:]
terms = Terms(Path(root), seconds=1_000, memory=2 << 30)
made = worker._curator


def late():
    assert 0 < signal.alarm(1) <= terms.seconds  # the limit of time runs; here it is met at once
    signal.pause()


def wait():
    open(gate).close()


FATES = {
    "late": late,
    "large": lambda: mmap.mmap(-1, terms.memory, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS),
    "crash": os.abort,
    "fault": lambda: {}["canary"],
    "wait": wait,
}


def doomed(*given):
    curator = made(*given)
    kept = getattr(curator.ledger, step)

    def met(*plan, **about):
        FATES[fate]()
        return kept(*plan, **about)

    setattr(curator.ledger, step, met)
    return curator


worker._curator = doomed
server.serve(Path(path), terms, ready=lambda: print("listening", flush=True))
"""


@pytest.fixture
def path(tmp_path_factory):
    """Where a socket fits: its path holds at most 107 bytes."""
    return tmp_path_factory.mktemp("s") / "s"


@contextmanager
def started(line):
    with subprocess.Popen(list(map(str, line)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline().startswith("listening"), process.stderr.read()
            yield process
        finally:
            process.terminate()


@pytest.fixture
def served(october, path):
    """A server of a small workspace and its address."""
    with started(command("serve", "-w", october.root, "--socket", path)) as process:
        yield f"unix://{path}", process


def log(workspace):
    return workspace.path("logs", "operator.log").read_text()


def test_everything_of_a_session_works_over_a_socket(october, served, session_of):
    far, near = open_session(served[0], month=MONTH), session_of(october)
    answer = far.release(BY_FEATURE)
    assert answer.release == near.release(BY_FEATURE).release
    assert "spent 0" in far.release(BY_FEATURE).cost
    assert far.preview("events").text == near.preview("events").text
    for shown in (far.describe(), far.budget(), far.plan(BY_FEATURE)):
        assert "<table" in shown._repr_html_()
    released = far.plan(month=CountAccounts("events"), features=BY_FEATURE).release()
    assert released.features.release == answer.release


def test_the_operator_reads_who_asked_what(october, served):
    answer = open_session(served[0], month=MONTH).release(BY_FEATURE)
    assert f"uid {os.getuid()}: release of {MONTH}.r0 for exploration: {answer.release.id}\n" in log(october)


def test_the_user_of_the_workspace_is_not_told_that_it_is_guarded(served):
    session = open_session(served[0], month=MONTH)
    assert "embedded: this guards against accidents" in repr(session)
    assert session.release(BY_FEATURE).release.recorded["trust"] == "embedded"


def test_sessions_at_once_get_one_answer_and_pay_once(served):
    def asked(_):
        return open_session(served[0], month=MONTH).release(BY_FEATURE)

    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(asked, range(3)))
    assert len({answer.release.to_json() for answer in answers}) == 1
    assert sum("spent 0" in answer.cost for answer in answers) == 2


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.binary(max_size=300))
def test_whatever_is_sent_the_server_answers_and_lives(served, sent):
    with socket.socket(socket.AF_UNIX) as wire, wire.makefile("rb") as answers:
        wire.connect(served[0].removeprefix("unix://"))
        wire.sendall(sent + b"\n")
        wire.shutdown(socket.SHUT_WR)
        replies = answers.read().splitlines()
    assert len(replies) == 1 + sent.count(b"\n")
    assert {json.loads(reply)["error"]["kind"] for reply in replies} == {"UsageError"}


@pytest.mark.parametrize(
    ("fate", "cause"), [("late", "SIGALRM"), ("large", "a fault"), ("crash", "SIGABRT"), ("fault", "a fault")]
)
def test_what_fails_while_it_is_drawn_is_one_sentence_and_its_cause_is_the_operators(october, path, fate, cause):
    with started([sys.executable, "-c", DOOMED, october.root, path, "commit", fate, ""]):
        session = open_session(f"unix://{path}", month=MONTH)
        with pytest.raises(LedgerError) as refused:
            session.release(BY_FEATURE)
        assert str(refused.value) == LOST
        assert session.describe().text  # by another worker, over the same connection
    assert f"release: the worker ended by {cause}; what it drew is lost" in log(october)
    assert "canary" not in log(october)


@pytest.mark.parametrize("fate", ["late", "crash"])
def test_what_fails_before_anything_is_drawn_is_another_sentence(october, path, fate):
    with started([sys.executable, "-c", DOOMED, october.root, path, "reserve", fate, ""]):
        with pytest.raises(TryLater) as refused:
            open_session(f"unix://{path}", month=MONTH).release(BY_FEATURE)
        assert str(refused.value) == UNANSWERED
    with started(command("serve", "-w", october.root, "--socket", path)):
        assert "Spent rho" in open_session(f"unix://{path}", month=MONTH).release(BY_FEATURE).cost


def test_a_server_that_is_told_to_stop_finishes_the_call_in_hand(october, path, tmp_path):
    os.mkfifo(gate := tmp_path / "gate")
    with started([sys.executable, "-c", DOOMED, october.root, path, "commit", "wait", gate]) as process:
        with ThreadPoolExecutor(1) as thread:
            session = open_session(f"unix://{path}", month=MONTH)
            asked = thread.submit(session.release, BY_FEATURE)
            with gate.open("w"):  # opens when the other end is in the middle of its call
                for each in (process, *psutil.Process(process.pid).children(recursive=True)):
                    each.send_signal(signal.SIGTERM)  # as systemd does it
            assert "Spent rho" in asked.result().cost
        assert process.wait(60) == 0
    assert not path.exists()


def test_the_socket_is_for_its_group_alone(served):
    assert stat.S_IMODE(Path(served[0].removeprefix("unix://")).stat().st_mode) == 0o660


def test_the_socket_of_a_dead_server_is_replaced_that_of_a_living_one_is_not(october, path):
    line = command("serve", "-w", october.root, "--socket", path)
    with started(line) as first:
        second = pa("serve", "-w", october.root, "--socket", path)
        assert second.returncode == 75
        assert "A curator listens at" in second.stderr
        first.kill()
        first.wait()
    assert path.is_socket()
    with started(line):
        assert SocketCurator(f"unix://{path}").call("preview", {"table": "events"})["watermark"] == "synthetic"


def test_nothing_of_a_killed_server_lives_on(served):
    session = open_session(served[0], month=MONTH)
    family = psutil.Process(served[1].pid).children(recursive=True)
    assert len(family) == 2  # the handler and the worker of this session
    served[1].kill()
    assert psutil.wait_procs(family, timeout=60)[1] == []
    with pytest.raises(TryLater):
        session.budget()


def test_what_is_no_socket_is_left_alone(october, path):
    path.write_text("mine")
    assert pa("serve", "-w", october.root, "--socket", path).returncode == 10
    assert path.read_text() == "mine"


def test_a_workspace_that_others_can_read_is_not_served(october, path):
    october.path("lake").chmod(0o750)
    refused = pa("serve", "-w", october.root, "--socket", path)
    assert refused.returncode == 10
    assert f"Run: chmod 700 {october.path('lake')}" in refused.stderr


def test_only_the_purposes_of_the_operator_are_answered(october, path):
    line = command("serve", "-w", october.root, "--socket", path, "--purpose", "usage", "--purpose", "cohorts")
    with started(line):
        assert open_session(f"unix://{path}", month=MONTH, purpose="usage").month == MONTH
        with pytest.raises(PolicyError, match="usage, cohorts"):
            open_session(f"unix://{path}", month=MONTH)
