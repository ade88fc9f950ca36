"""``pa serve --http`` as a process: the very same session, roles and ends of tokens, and what outlives whom."""

import asyncio
import json
import os
import select
import socket
import sys
import tempfile
from pathlib import Path

import nbformat
import psutil
import pytest
from crowd import crowd, spent
from curators import served
from steps import MONTH, command, copy, ok, pa
from test_serving import started

from privacy_analytics import CountAccounts, connect, open_session
from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import InsufficientLoss, PolicyError, SettingsError, TryLater, UsageError
from privacy_analytics.remote.wire import LIMIT
from privacy_analytics.serving.tokens import Tokens
from privacy_analytics.workspace import load

pytestmark = [pytest.mark.slow, pytest.mark.service]
BY_FEATURE = CountAccounts("events", by="feature")
CLIENTS, CALLS = 40, 400
IMPATIENT = """
import sys
from privacy_analytics.serving.calls import Terms
from privacy_analytics.serving.web import front, patience
from privacy_analytics.workspace import load

patience.HEAD_SECONDS = patience.TAKE_SECONDS = 1
settings = load(sys.argv[1])
if __name__ == "__main__":
    front.serve_http(
        settings, "127.0.0.1:0", Terms(settings.root), workers=1, ready=lambda url: print("listening", url, flush=True)
    )
"""


@pytest.fixture(scope="module")
def root(filled, tmp_path_factory):
    return copy(filled, tmp_path_factory.mktemp("http") / "w")


@pytest.fixture(scope="module")
def curator(root):
    with served(root) as running:
        yield running


def name_of(curator, root, role="analyst"):
    return Tokens(load(root)).who(curator.tokens[role]).name


def test_one_answer_by_three_ways_and_it_is_paid_once(curator, root, tmp_path_factory):
    path = tmp_path_factory.mktemp("s") / "s"
    question = CountAccounts("events", by="os")
    with started(command("serve", "-w", root, "--socket", path)):
        first = curator.session().release(question)
        others = [open_session(each, month=MONTH).release(question) for each in (root, f"unix://{path}")]
    again = curator.session("officer").release(question)
    assert "Spent rho" in first.cost
    assert all("spent 0" in each.cost for each in (*others, again))
    assert len({each.release.to_json() for each in (first, *others, again)}) == 1
    stored = root / "releases" / f"{first.release.id}.json"
    assert curator.ask("GET", f"/v1/releases/{first.release.id}", role="officer").content == stored.read_bytes()


def test_everything_of_a_session_works_over_http(curator, root):
    far, near = curator.session(), open_session(root, month=MONTH)
    assert far.preview("events").text == near.preview("events").text
    assert far.describe().text == near.describe().text
    for shown in (far.budget(), far.plan(BY_FEATURE)):
        assert "<table" in shown._repr_html_()
    released = far.plan(month=CountAccounts("events"), features=BY_FEATURE, share=0.2).release()
    assert released.features.release == near.release(BY_FEATURE).release


def test_it_is_enforced_and_every_log_says_by_whose_token(curator, root):
    session = curator.session()
    assert "enforced: lake, key and ledger belong to another user" in repr(session)
    release = session.release(CountAccounts("events", by="day")).release
    name = name_of(curator, root)
    assert release.recorded["trust"] == "enforced"
    lines = (root / "logs" / "operator.log").read_text()
    assert f"token {name}: release of {MONTH}.r0 for exploration: {release.id}\n" in lines
    told = [each.facts for each in AuditLog(load(root)).entries() if each.action == "release"]
    assert [each["user"] for each in told if release.id in each["releases"]] == [name]
    assert f"{name} /v1/release 200" in (root / "logs" / "access.log").read_text()


def test_a_shipped_notebook_runs_by_plain_papermill(curator, root, tmp_path):
    out = tmp_path / "out.ipynb"
    source = Path(__file__).parents[2] / "notebooks" / "explore.ipynb"
    given = ("-p", "workspace", curator.url, "-p", "month", MONTH)
    token = {"PRIVACY_ANALYTICS_TOKEN": curator.tokens["analyst"]}
    done = pa(source, out, "--no-progress-bar", *given, cwd=tmp_path, module="papermill", **token)
    assert done.returncode == 0, done.stderr
    text = nbformat.writes(nbformat.read(out, as_version=4))
    assert "enforced: lake, key and ledger belong to another user" in text
    assert "accounts used" in text
    assert curator.tokens["analyst"] not in text


def test_errors_come_back_as_their_own_classes(curator):
    session = curator.session()
    with pytest.raises(UsageError, match="feature"):
        session.plan(CountAccounts("events", by="featur"))
    with pytest.raises(PolicyError, match="role analyst"):
        curator.session(purpose="marketing")
    with pytest.raises(PolicyError, match="not for the role marketing"):
        curator.session("marketing")
    assert curator.session("officer", purpose="marketing").month == MONTH


def test_what_is_not_left_is_refused_with_its_numbers(filled, tmp_path):
    with served(copy(filled, tmp_path / "w")) as curator:
        session = curator.session()
        session.plan(month=CountAccounts("events"), share=1.0).release()
        with pytest.raises(InsufficientLoss) as refused:
            session.plan(BY_FEATURE, share=1.0).release()
        assert refused.value.requested > refused.value.remaining


def test_a_token_that_is_revoked_ends_a_session_that_is_open(curator, root):
    _, text = Tokens(load(root)).add("leaver", "analyst", days=1)
    session = connect(curator.url, text, MONTH)
    session.budget()
    ok("token", "revoke", "leaver", "-w", root)
    with pytest.raises(SettingsError, match="expired or was revoked"):
        session.budget()


def test_a_crowd_meets_no_error_and_overspends_nothing(filled, tmp_path):
    root = copy(filled, tmp_path / "w")
    with served(root) as curator:
        tokens = [curator.tokens["analyst"], curator.tokens["officer"]]
        met = asyncio.run(crowd(curator.url, tokens, clients=CLIENTS, calls=CALLS, month=MONTH))
    assert (dict(met.statuses), dict(met.problems)) == ({200: CALLS}, {})
    assert all(len(texts) == 1 for texts in met.answers.values())
    after = spent(root, MONTH)
    assert after.commits == len(met.answers) > 1
    assert after.ledger == after.releases <= after.allowed


def test_the_server_behind_is_started_anew(filled, tmp_path):
    root = copy(filled, tmp_path / "w")
    with served(root) as curator:
        session = curator.session()
        behind = [each for each in psutil.Process(curator.process.pid).children() if each.children()]
        assert len(behind) == 1
        family = [*behind, *behind[0].children(recursive=True)]
        behind[0].kill()
        assert psutil.wait_procs(family, timeout=60)[1] == []
        for _ in range(600):
            try:
                assert "<table" in session.budget()._repr_html_()
                break
            except TryLater:
                assert curator.process.poll() is None
                select.select([], [], [], 0.1)
        else:
            pytest.fail("it was not started anew")
    assert "had died and is started anew" in (root / "logs" / "operator.log").read_text()


def test_nothing_of_a_killed_front_lives_on(filled, tmp_path):
    with served(copy(filled, tmp_path / "w")) as curator:
        session = curator.session()
        family = psutil.Process(curator.process.pid).children(recursive=True)
        assert len(family) >= 3  # the server behind, a handler and its worker
        curator.process.kill()
        assert psutil.wait_procs(family, timeout=60)[1] == []
        with pytest.raises(TryLater):
            session.budget()


def test_told_to_stop_it_ends_well_and_leaves_no_socket(filled, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", tempfile.mkdtemp(prefix="t", dir="/tmp"))
    with served(copy(filled, tmp_path / "w")) as curator:
        curator.session()
        assert list(Path(os.environ["TMPDIR"]).glob("pa-*/s"))
        curator.process.terminate()
        assert curator.process.wait(60) == 0
    assert list(Path(os.environ["TMPDIR"]).iterdir()) == []
    Path(os.environ["TMPDIR"]).rmdir()


def test_who_is_slow_is_cut_off(filled, tmp_path):
    root = copy(filled, tmp_path / "w")
    (tmp_path / "impatient.py").write_text(IMPATIENT)
    with served(root, line=(sys.executable, tmp_path / "impatient.py", root)) as curator:
        port = int(curator.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as wire:
            wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: c\r\n")
            wire.settimeout(60)
            assert _until_cut(wire) == b""
        with socket.create_connection(("127.0.0.1", port)) as wire:
            wire.settimeout(60)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with pytest.raises(ConnectionError):  # and not TimeoutError: it has to end it, we never do
                _ask_and_take_nothing(wire)
        assert curator.ask("GET", "/v1/health").status_code == 200


def _until_cut(wire):
    try:
        return wire.recv(1)
    except ConnectionResetError:
        return b""


def _ask_and_take_nothing(wire):
    while True:  # answers pile up unread, until it takes no more of us
        wire.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: c\r\n\r\n")


def test_a_long_body_is_refused_while_it_is_sent(curator):
    assert curator.ask("POST", "/v1/plan", role="analyst", content=b" " * (LIMIT + 1)).status_code == 413


def test_a_taken_port_is_told(curator, root):
    done = pa("serve", "-w", root, "--http", curator.url.removeprefix("http://"))
    assert done.returncode == 75
    assert "Nobody can listen there" in done.stderr


def test_only_the_purposes_of_the_operator_are_answered(filled, tmp_path):
    with served(copy(filled, tmp_path / "w"), "--purpose", "usage") as curator:
        assert curator.session(purpose="usage").month == MONTH
        with pytest.raises(PolicyError, match="for these purposes here: usage"):
            curator.session("officer")


def test_approved_statistics_are_handed_out_as_the_command_does(demo, tmp_path):
    root = copy(demo.root, tmp_path / "w")
    with served(root) as curator:
        listed = curator.ask("GET", "/v1/statistics", role="marketing").json()["answer"]["statistics"]
        assert listed
        first = listed[0]["id"]
        for kind in ("csv", "json", "svg", "png"):
            ok("stats", "export", first, "--format", kind, "--out", tmp_path / kind, "-w", root)
            got = curator.ask("GET", f"/v1/statistics/{first}?format={kind}", role="marketing")
            assert got.content == (tmp_path / kind).read_bytes()
        shared = [entry.facts for entry in AuditLog(load(root)).entries() if entry.action == "share"]
        assert [each["recipient"] for each in shared[-8:]] == ["marketing"] * 8
        ok("stats", "recall", first, "--by", "N. N.", "--reason", "misleading", "-w", root)
        assert curator.ask("GET", f"/v1/statistics/{first}", role="marketing").status_code == 404
        after = curator.ask("GET", "/v1/statistics", role="officer").json()["answer"]["statistics"]
        assert first not in json.dumps(after)
