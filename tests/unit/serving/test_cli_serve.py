"""``pa serve`` before anything listens."""

import sys

import pytest
from click.testing import CliRunner

from privacy_analytics.cli import cli
from privacy_analytics.errors import SettingsError, UsageError


def serve(empty, *arguments):
    return CliRunner().invoke(cli, ["serve", "-w", str(empty.root), *arguments]).exception


@pytest.mark.parametrize("places", [(), ("--socket", "s", "--http", "127.0.0.1:0")])
def test_one_place_is_named(empty, places):
    assert isinstance(error := serve(empty, *places), UsageError)
    assert "--socket PATH, or --http HOST:PORT" in str(error)


@pytest.mark.parametrize("where", ["8123", "127.0.0.1", "http://127.0.0.1:1", "127.0.0.1:99999", "a@127.0.0.1:1", ":1"])
def test_an_address_is_a_host_and_a_port(empty, where):
    assert isinstance(error := serve(empty, "--http", where), UsageError)
    assert "127.0.0.1:8123" in str(error)


@pytest.mark.parametrize("where", ["0.0.0.0:0", "[::]:0", "10.0.0.1:0", "curator.example:0"])
def test_an_address_that_others_reach_is_refused_without_tls(empty, where):
    assert isinstance(error := serve(empty, "--http", where), SettingsError)
    assert "Name a certificate and its key under [serve]" in str(error)


def test_without_the_extra_one_is_told_how_to_install_it(empty, monkeypatch):
    monkeypatch.setitem(sys.modules, "privacy_analytics.serving.web.front", None)
    assert isinstance(error := serve(empty, "--http", "127.0.0.1:0"), SettingsError)
    assert "pip install 'privacy-analytics[serve]'" in str(error)
