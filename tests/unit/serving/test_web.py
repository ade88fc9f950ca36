"""The front: who may ask what, in which form, and what every response carries. Nothing listens here."""

import asyncio
import json
import logging
import re
import string

import pytest
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy_analytics.errors import (
    GateError,
    InsufficientLoss,
    LedgerError,
    NotFound,
    PolicyError,
    TryLater,
    UsageError,
)
from privacy_analytics.remote.wire import LIMIT, refusal
from privacy_analytics.serving.tokens import ROLES
from privacy_analytics.serving.web import guard
from privacy_analytics.serving.web.app import FAULT, made
from privacy_analytics.serving.web.pool import TooMany
from privacy_analytics.serving.web.rules import ANYBODY, RULES, purposes

QUESTION = {"kind": "count_accounts", "table": "events"}
BODY = {
    "/v1/preview": {"table": "events"},
    "/v1/plan": {"question": QUESTION, "share": 0.1},
    "/v1/release": {"question": QUESTION, "share": 0.1},
}
CANARY = "anneliese.zwirn@example.org"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(string.ascii_letters), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["month", "purpose", "report", "table", "question", "blocks", "share", "again", "expect"])


async def _nobody(*_):
    raise AssertionError


ROUTES = [(route.path, method) for route in made(_nobody, ()).routes for method in route.methods]


def real(path):
    return path.replace("{statistic_id}", "s-0123456789").replace("{release_id}", "r-0123456789ab")


def asked(front, path, method, **who):
    return front.ask(method, real(path), json=BODY.get(path, {}) if method == "POST" else None, **who)


def kind_of(response):
    return response.json()["error"]["kind"]


def test_every_route_has_a_rule_and_every_rule_a_route():
    assert {path for path, _ in ROUTES} == set(RULES)


@pytest.mark.parametrize("token", ["", "pa_" + "A" * 43], ids=["no token", "a wrong one"])
def test_without_a_token_that_holds_nothing_is_passed_on(front, token):
    for path, method in ROUTES:
        response = asked(front, path, method, token=token)
        if ANYBODY not in RULES[path]:
            assert (response.status_code, kind_of(response)) == (401, "SettingsError"), path
            assert response.headers["www-authenticate"] == "Bearer"
    assert front.passed == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_let_in_where_a_rule_names_it_and_nowhere_else(front, role):
    for path, method in ROUTES:
        front.passed.clear()
        response = asked(front, path, method, role=role)
        allowed = {role, ANYBODY} & set(RULES[path])
        assert response.status_code == (200 if allowed else 403), path
        assert allowed or (kind_of(response) == "PolicyError" and front.passed == [])


def test_the_rules_are_those_of_the_handbook():
    analyst = {path for path, roles in RULES.items() if "analyst" in roles}
    marketing = {path for path, roles in RULES.items() if "marketing" in roles}
    assert analyst == {f"/v1/{call}" for call in ("describe", "preview", "plan", "release", "budget")}
    assert marketing == {"/v1/statistics", "/v1/statistics/{statistic_id}"}
    assert {path for path, roles in RULES.items() if ANYBODY in roles} == {"/v1/health", "/openapi.json", "/docs"}


@pytest.mark.parametrize("role", ROLES)
def test_a_route_without_a_rule_is_refused_to_everybody(front, role):
    async def forgotten():
        raise AssertionError

    front.app.router.routes.append(APIRoute("/v1/rows", forgotten, methods=["GET"]))
    assert front.ask("GET", "/v1/rows").status_code == 401
    assert front.ask("GET", "/v1/rows", role=role).status_code == 403


def test_what_is_not_there_is_told_to_nobody_without_a_token(front):
    assert front.ask("GET", "/v1/rows").status_code == 401
    assert kind_of(front.ask("GET", "/v1/rows", role="analyst")) == "NotFound"


def test_another_method_is_told_which(front):
    response = front.ask("DELETE", "/v1/plan", role="analyst")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_a_revoked_token_is_refused_from_the_next_call_on(front):
    assert asked(front, "/v1/budget", "POST", role="analyst").status_code == 200
    front.tokens.revoke("analyst")
    assert asked(front, "/v1/budget", "POST", role="analyst").status_code == 401


def test_a_token_is_read_from_its_header_alone(front):
    token = front.shown["officer"]
    assert front.ask("GET", f"/v1/releases?token={token}", headers={"Cookie": f"token={token}"}).status_code == 401
    assert front.ask("GET", "/v1/releases", headers={"Authorization": f"Basic {token}"}).status_code == 401


@pytest.mark.parametrize("call", ["describe", "plan", "release", "budget"])
@pytest.mark.parametrize("purpose", ["marketing", "nonsense"])
def test_an_analyst_does_not_spend_what_is_marketings(front, call, purpose):
    body = BODY.get(f"/v1/{call}", {}) | {"purpose": purpose}
    response = front.ask("POST", f"/v1/{call}", role="analyst", json=body)
    assert (response.status_code, kind_of(response)) == (403, "PolicyError")
    assert "usage, cohorts, exploration, revisions" in response.json()["error"]["text"]
    assert front.passed == []


def test_the_officer_asks_for_every_purpose_that_is_served():
    assert purposes("officer", ("usage", "marketing", "ours")) == ["usage", "marketing", "ours"]
    assert purposes("analyst", ("usage", "marketing", "ours")) == ["usage"]
    assert purposes("marketing", ("usage", "marketing")) == []


def test_no_purpose_is_exploration_and_is_refused_where_that_is_not_served(front):
    front.purposes = ("usage",)
    front.__post_init__()
    for body in ({}, {"purpose": ""}):
        assert front.ask("POST", "/v1/describe", role="officer", json=body).status_code == 403


def test_a_call_is_passed_on_as_it_was_asked_with_the_name_of_who_asked(front):
    body = {"month": "2026-10", "purpose": "usage", "blocks": {"a": QUESTION}, "share": 1, "expect": {"a": 0.5}}
    front.ask("POST", "/v1/release", role="analyst", json=body)
    assert front.passed == [("release", body, "analyst")]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("x"), 400),
        (PolicyError("x"), 403),
        (GateError(["x"]), 403),
        (NotFound("x"), 404),
        (LedgerError("x"), 409),
        (InsufficientLoss(requested=2, remaining=1, scope="x"), 409),
        (TryLater("x"), 503),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_refusal_has_an_honest_status_and_its_own_words(front, error, status):
    front.reply = refusal(error)
    response = asked(front, "/v1/release", "POST", role="analyst")
    assert response.status_code == status
    assert response.content == refusal(error)
    assert ("retry-after" in response.headers) == (status == 503)


def test_too_many_calls_of_one_token_are_told_to_come_later(front):
    front.reply = TooMany("Wait.")
    response = asked(front, "/v1/budget", "POST", role="analyst")
    assert (response.status_code, kind_of(response)) == (429, "TryLater")
    assert int(response.headers["retry-after"]) > 0


@pytest.mark.parametrize("fault", [ValueError(CANARY), RuntimeError(CANARY)])
def test_a_fault_is_one_fixed_sentence_and_its_text_is_nobodys(front, fault, caplog):
    front.reply = fault
    guard.ACCESS.addHandler(caplog.handler)
    try:
        response = asked(front, "/v1/budget", "POST", role="analyst")
    finally:
        guard.ACCESS.removeHandler(caplog.handler)
    assert (response.status_code, response.json()["error"]["text"]) == (500, FAULT)
    assert CANARY not in response.text + caplog.text
    assert f"{type(fault).__name__} at conftest.py:" in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        {CANARY: 1},
        {"month": [CANARY]},
        {"month": CANARY * 10},
        {"question": CANARY, "share": 1},
        {"blocks": {CANARY: 1}, "share": 1},
        {"share": CANARY},
        {"share": True},
        [CANARY],
        CANARY,
    ],
)
def test_a_body_of_another_form_is_refused_without_an_echo(front, body):
    response = front.ask("POST", "/v1/plan", role="analyst", json=body)
    assert (response.status_code, kind_of(response)) == (422, "UsageError")
    assert CANARY not in response.text
    assert front.passed == []


@pytest.mark.parametrize(
    "path", ["/v1/statistics/s-0123456789?format=exe", f"/v1/statistics/{CANARY}", "/v1/releases/x"]
)
def test_a_path_or_query_of_another_form_is_refused_without_an_echo(front, path):
    response = front.ask("GET", path, role="officer")
    assert response.status_code == 422
    assert CANARY not in response.text
    assert "exe" not in response.text


def test_a_long_body_is_cut_off(front):
    response = front.ask("POST", "/v1/plan", role="analyst", content=b"x" * (LIMIT + 1))
    assert (response.status_code, response.headers["connection"]) == (413, "close")


def test_a_body_is_not_read_before_its_sender_is_known(front):
    assert front.ask("POST", "/v1/plan", content=b"x" * (LIMIT + 1)).status_code == 401


def test_a_slow_body_is_cut_off(front, monkeypatch):
    monkeypatch.setattr(guard, "BODY_SECONDS", 0)

    async def slow():
        yield b"{"
        await asyncio.sleep(60)

    response = front.ask("POST", "/v1/plan", role="analyst", content=slow())
    assert (response.status_code, kind_of(response)) == (408, "TryLater")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from([path for path, method in ROUTES if method == "POST"]),
    body=st.binary(max_size=200)
    | JSON.map(lambda said: json.dumps(said).encode())
    | st.dictionaries(FIELDS, JSON).map(lambda said: json.dumps(said).encode()),
)
def test_whatever_is_sent_the_front_answers_and_lives(front, path, body):
    response = front.ask("POST", path, role="analyst", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (200, 400, 403, 422)
    assert response.json()["version"] == 1
    assert "Traceback" not in response.text


@pytest.mark.parametrize("role", ["", "analyst", "officer"])
def test_every_response_is_closed_to_browsers_and_caches(front, role):
    for path, method in ROUTES:
        headers = asked(front, path, method, role=role).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'; frame-ancestors 'none'")
        assert not {"set-cookie", "access-control-allow-origin", "server"} & set(headers)


def test_the_page_of_calls_loads_and_runs_nothing(front):
    page = front.ask("GET", "/docs").text
    assert not re.search(r"<script|<link|src=|https?://|@import|url\(", page)
    assert re.findall(r'href="([^"]+)"', page) == ["openapi.json"]
    assert all(f"{method} {path}" in page for path, method in ROUTES if path.startswith("/v1/"))


def test_the_description_names_every_call_and_every_refusal(front):
    api = front.ask("GET", "/openapi.json").json()
    assert set(api["paths"]) == {path for path, _ in ROUTES if path.startswith("/v1/")}
    assert {"401", "403", "409", "413", "422", "429", "503"} <= set(api["paths"]["/v1/plan"]["post"]["responses"])
    assert "https://" not in json.dumps(api)


def test_health_says_only_that_it_lives(front):
    assert front.ask("GET", "/v1/health").json() == {"alive": True}


@pytest.mark.parametrize(
    ("kind", "media"), [("csv", "text/csv; charset=utf-8"), ("svg", "image/svg+xml"), ("png", "image/png")]
)
def test_a_statistic_comes_as_a_file(front, kind, media):
    response = front.ask("GET", f"/v1/statistics/s-0123456789?format={kind}", role="marketing")
    assert (response.content, response.headers["content-type"]) == (b"file", media)
    assert response.headers["content-disposition"] == f'attachment; filename="s-0123456789.{kind}"'


def test_a_release_comes_as_its_bytes(front):
    assert front.ask("GET", "/v1/releases/r-0123456789ab", role="officer").text == '{"id":"r-1"}'


def test_the_log_of_accesses_holds_no_query_no_body_and_no_path_that_was_made_up(front, caplog):
    guard.ACCESS.addHandler(caplog.handler)
    guard.ACCESS.setLevel(logging.INFO)
    try:
        front.ask("GET", f"/v1/releases?after={CANARY}", role="officer")
        front.ask("GET", f"/{CANARY}", role="officer")
        front.ask("POST", "/v1/plan", role="analyst", json={CANARY: 1})
    finally:
        guard.ACCESS.removeHandler(caplog.handler)
    assert CANARY not in caplog.text
    assert "officer /v1/releases 200" in caplog.text
    assert "officer no route 404" in caplog.text
