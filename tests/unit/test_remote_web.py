"""The wire to a curator over HTTP: which addresses, what a refusal becomes, what is said where nobody answers."""

import socket

import httpx
import pytest

from privacy_analytics import connect, open_session
from privacy_analytics.errors import (
    InsufficientLoss,
    NotFound,
    PrivacyAnalyticsError,
    SettingsError,
    TryLater,
    UsageError,
)
from privacy_analytics.remote import HttpCurator, SocketCurator, reached
from privacy_analytics.remote.wire import LIMIT, packed, refusal

TOKEN = "pa_" + "A" * 43


def curator(reply):
    """One whose server is a function of the request."""
    made = HttpCurator("https://curator.example", TOKEN)
    made._client = httpx.Client(base_url="https://curator.example", transport=httpx.MockTransport(reply))
    return made


def says(status, content):
    return curator(lambda _: httpx.Response(status, content=content))


@pytest.mark.parametrize(
    "address",
    [
        "https://curator.example",
        "https://curator.example:8443/",
        "http://127.0.0.1:8123",
        "http://[::1]:1",
        "http://localhost",
    ],
)
def test_tls_or_this_very_machine(address):
    assert HttpCurator(address, TOKEN)._address == address.rstrip("/")


@pytest.mark.parametrize(
    "address", ["http://curator.example", "http://10.0.0.1:8123", "http://127.0.0.1.example", "http://0.0.0.0"]
)
def test_a_token_is_never_sent_in_the_clear(address):
    with pytest.raises(SettingsError, match="anybody between could read the token"):
        HttpCurator(address, TOKEN)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://curator.example",
        "https://",
        "https://ada@curator.example",
        "https://curator.example/v1",
        "https://c:99999",
    ],
)
def test_what_is_no_address_is_told_what_is_one(address):
    with pytest.raises(SettingsError, match="https://HOST or https://HOST:PORT"):
        HttpCurator(address, TOKEN)


@pytest.mark.parametrize("token", ["", "pa_ä", "pa_\n"])
def test_without_a_token_one_is_told_where_it_goes(token):
    with pytest.raises(SettingsError, match=r"\$PRIVACY_ANALYTICS_TOKEN"):
        connect("https://curator.example", token)


def test_the_token_of_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("PRIVACY_ANALYTICS_TOKEN", TOKEN)
    assert reached("https://curator.example")._token == TOKEN
    assert isinstance(reached("unix:///run/s"), SocketCurator)
    assert reached("/srv/analytics") is None


def test_a_token_is_in_no_representation():
    made = HttpCurator("https://curator.example", TOKEN)
    assert TOKEN not in repr(made) + repr(made._client) + str(made._client.headers)


def test_a_call_is_a_request_and_its_answer_the_answer():
    def reply(request):
        assert (request.url.path, request.read()) == ("/v1/plan", b'{"month": "2026-10"}')
        return httpx.Response(200, content=packed({"answer": {"a": 1}}))

    assert curator(reply).call("plan", {"month": "2026-10"}) == {"a": 1}


@pytest.mark.parametrize("status", [409, 500, 503])
@pytest.mark.parametrize(
    "error", [InsufficientLoss(requested=3, remaining=2, scope="x"), NotFound("No."), TryLater("Later.")], ids=repr
)
def test_a_refusal_comes_back_as_what_it_was(error, status):
    with pytest.raises(type(error)) as refused:
        says(status, refusal(error)).call("release", {})
    assert (str(refused.value), vars(refused.value)) == (str(error), vars(error))


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_proxy_that_does_not_reach_the_curator_is_a_matter_of_time(status):
    with pytest.raises(TryLater, match="cannot be reached just now"):
        says(status, b"<html>canary</html>").call("plan", {})


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_strange_words_become_one_fixed_sentence(status):
    with pytest.raises(PrivacyAnalyticsError, match="words that this version does not know") as refused:
        says(status, b"<html>canary</html>").call("plan", {})
    assert "canary" not in str(refused.value)


def test_a_redirection_is_not_followed():
    asked = []

    def reply(request):
        asked.append(request.url)
        return httpx.Response(307, headers={"Location": "http://elsewhere.example/"})

    with pytest.raises(PrivacyAnalyticsError):
        curator(reply).call("plan", {})
    assert len(asked) == 1


def test_a_long_call_is_not_sent():
    with pytest.raises(UsageError, match="at most 262,144 bytes"):
        curator(None).call("plan", {"month": "x" * LIMIT})


@pytest.mark.parametrize("how", ["named", "in the environment"])
def test_a_curator_that_is_not_there_says_what_to_do(monkeypatch, how):
    monkeypatch.setenv("PRIVACY_ANALYTICS_TOKEN", TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("PRIVACY_ANALYTICS_WORKSPACE", address)
    with pytest.raises(TryLater, match="start it with `pa serve --http`"):
        open_session(address if how == "named" else None, month="2026-10")


def test_an_authority_that_is_no_file_is_told():
    with pytest.raises(SettingsError, match="no file of certificates"):
        connect("https://curator.example", TOKEN, ca="/nowhere.pem")


def test_an_answer_that_does_not_come_is_a_matter_of_time():
    def reply(request):
        raise httpx.ReadTimeout("canary", request=request)

    with pytest.raises(TryLater, match="did not answer in time"):
        curator(reply).call("plan", {})
