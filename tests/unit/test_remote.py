"""The wire between a session and a curator of another OS user: what passes, what is refused, and in which words."""

import inspect
import json
import select
import socket
import string
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy_analytics import errors, open_session
from privacy_analytics.errors import InsufficientLoss, PrivacyAnalyticsError, TryLater, UsageError
from privacy_analytics.remote import SocketCurator
from privacy_analytics.remote.wire import LIMIT, VERSION, packed, refusal
from privacy_analytics.serving.calls import READ, Terms, answered, parsed

TERMS = Terms(Path("/nowhere"), purposes=("exploration", "usage"))
ASKED = {"version": VERSION, "call": "describe", "request": {"month": "2026-10", "purpose": "usage"}}
OURS = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, PrivacyAnalyticsError) and each.__init__ is PrivacyAnalyticsError.__init__
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(string.ascii_letters), inner, max_size=4),
    max_leaves=12,
)
NEARLY = st.fixed_dictionaries(
    {}, optional={"version": JSON | st.just(VERSION), "call": JSON | st.text(), "request": JSON | st.just({})}
)


def echo(call):
    return packed({"answer": {"name": call.name, "request": call.request}})


def reply_to(line):
    return json.loads(answered(line, TERMS, echo))


@pytest.fixture
def listener(tmp_path_factory):
    """A socket, and a way to answer what comes there with given bytes, one connection each."""
    path = tmp_path_factory.mktemp("s") / "s"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        started = []

        def answer(*replies):
            def run():
                for said in replies:
                    connection, _ = listening.accept()
                    with connection, connection.makefile("rb") as lines:
                        lines.readline()
                        connection.sendall(said)

            started.append(threading.Thread(target=run))
            started[0].start()
            return SocketCurator(f"unix://{path}")

        yield answer
        for each in started:
            each.join()


@settings(deadline=None)
@given(st.binary() | st.one_of(JSON, NEARLY).map(lambda said: json.dumps(said).encode()))
def test_no_bytes_bring_more_than_a_call_or_a_sentence(line):
    said = answered(line, TERMS, echo)
    assert said.count(b"\n") == 1
    assert b"Traceback" not in said
    reply = json.loads(said)
    assert reply["version"] == VERSION
    assert ("answer" in reply) != (reply.get("error", {}).get("kind") in ("UsageError", "PolicyError"))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"version": 1, "call": "plan", "request": {"share": NaN}}',
        b'{"version": 1, "call": "plan", "request": {"share": 1e999}}',
        b'{"version": 1, "call": "plan", "request": {"share": ' + b"9" * 5_000 + b"}}",
        b'{"version": 1, "call": "plan", "request": {"month": "\\ud800"}}',
        b'{"version": 1, "call": ["plan"], "request": {}}',
        b'{"version": 1, "call": "plan", "request": []}',
        b'{"version": 1, "call": "plan", "request": {}, "more": 1}',
    ],
    ids=range(10),
)
def test_what_is_no_call_is_told_what_a_call_is(line):
    with pytest.raises(UsageError, match="A call is one line of JSON"):
        parsed(line)


@pytest.mark.parametrize(
    ("field", "said"),
    [("month", 202610), ("purpose", ["usage"]), ("report", "x" * 101), ("question", []), ("blocks", {"a": None})],
)
def test_a_field_of_another_form_is_named(field, said):
    with pytest.raises(UsageError, match=f"^`{field}` of a call is a"):
        parsed(packed({"call": "plan", "request": {field: said}}))


def test_a_front_says_each_time_for_whom_it_asks():
    assert parsed(packed({**ASKED, "user": "ada"}), front=True).user == "ada"
    for user in ({}, {"user": ""}, {"user": "Ada@example.com"}, {"user": ["ada"]}, {"user": "ada", "more": 1}):
        with pytest.raises(UsageError, match="A call is one line of JSON"):
            parsed(packed(ASKED | user), front=True)


def test_over_a_socket_nobody_asks_for_somebody_else():
    assert reply_to(packed({**ASKED, "user": "ada"}))["error"]["kind"] == "UsageError"


@pytest.mark.parametrize("name", READ)
def test_what_only_a_front_reads_is_no_call_over_a_socket(name):
    front = Terms(Path("/nowhere"), purposes=("usage",), front=True)
    line = {"version": VERSION, "call": name, "request": {}}
    assert json.loads(answered(packed({**line, "user": "ada"}), front, echo))["answer"]["name"] == name
    assert json.loads(answered(packed(line), TERMS, echo))["answer"]["request"] == {"purpose": "exploration"}


def test_another_version_is_told_what_to_install():
    assert "Install the version" in reply_to(packed(ASKED).replace(b'"version": 1', b'"version": 2'))["error"]["text"]


def test_a_long_line_is_refused_at_both_ends():
    assert "at most 262,144 bytes" in reply_to(b"x" * (LIMIT + 1))["error"]["text"]
    with pytest.raises(UsageError, match="at most 262,144 bytes"):
        SocketCurator("unix:///nowhere").call("plan", {"month": "x" * LIMIT})


@pytest.mark.parametrize("purpose", ["marketing", "revisions", "nonsense"])
def test_a_purpose_that_is_not_served_is_refused_with_the_list(purpose):
    told = reply_to(packed(ASKED | {"request": {"purpose": purpose}}))["error"]
    assert told["kind"] == "PolicyError"
    assert "exploration, usage" in told["text"]


def test_no_purpose_is_not_a_way_around_the_list():
    assert reply_to(packed(ASKED | {"request": {}}))["answer"]["request"]["purpose"] == "exploration"
    only = Terms(Path("/nowhere"), purposes=("usage",))
    assert json.loads(answered(packed(ASKED | {"request": {}}), only, echo))["error"]["kind"] == "PolicyError"


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_a_refusal_comes_back_as_what_it_was(listener, kind):
    with pytest.raises(PrivacyAnalyticsError) as refused:
        listener(refusal(kind("Ask for less."))).call("plan", {})
    assert (type(refused.value), str(refused.value)) == (kind, "Ask for less.")
    assert refused.value.exit_code == kind.exit_code


def test_a_refusal_keeps_its_numbers(listener):
    spent = InsufficientLoss(requested=3_000, remaining=2_000, scope="usage of 2026-10")
    with pytest.raises(InsufficientLoss) as refused:
        listener(refusal(spent)).call("release", {})
    assert (str(refused.value), vars(refused.value)) == (str(spent), vars(spent))


@pytest.mark.parametrize(
    "said",
    [
        b"hello\n",
        b"[]\n",
        b'{"version": 2, "answer": {}}\n',
        packed({"error": {"kind": "SystemExit", "text": "canary", "fields": {}}}),
        packed({"error": {"kind": "annotations", "text": "canary", "fields": {}}}),
        packed({"error": "canary"}),
    ],
    ids=range(6),
)
def test_strange_words_become_one_fixed_sentence(listener, said):
    with pytest.raises(PrivacyAnalyticsError, match="words that this version does not know") as refused:
        listener(said).call("plan", {})
    assert "canary" not in str(refused.value)


def test_a_curator_that_went_away_is_told_from_an_answer(listener):
    with pytest.raises(TryLater, match="went away before it answered"):
        listener(b'{"version": 1, "answ').call("release", {})


def test_a_connection_that_was_ended_is_made_anew(listener):
    curator = listener(packed({"answer": {"first": 1}}), packed({"answer": {"second": 2}}))
    assert curator.call("budget", {}) == {"first": 1}
    select.select([curator._wire], [], [])  # until the listener has ended it
    assert curator.call("budget", {}) == {"second": 2}


@pytest.mark.parametrize("how", ["named", "in the environment"])
def test_a_dead_socket_says_what_to_do(tmp_path, monkeypatch, how):
    address = f"unix://{tmp_path}/gone"
    if how != "named":
        monkeypatch.setenv("PRIVACY_ANALYTICS_WORKSPACE", address)
    with pytest.raises(TryLater, match="ask the operator to start it with `pa serve`") as refused:
        open_session(address if how == "named" else None, month="2026-10")
    assert refused.value.exit_code == 75
