"""Mails, against a real SMTP server on this machine: who gets them, over what, and what a password never does."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from privacy_analytics.notices import notify

pytestmark = pytest.mark.service
SERVER = Path(__file__).with_name("mailbox.py")
PEOPLE = {"sender": "analytics@example.com", "success": ("product@example.com",), "failure": ("oncall@example.com",)}
LOGIN = ("robot", "correct horse")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of localhost that signs itself, and its key."""
    files = [str(tmp_path_factory.mktemp("tls") / name) for name in ("certificate.pem", "key.pem")]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    line = ["openssl", "req", "-x509", *curve, *names, "-out", files[0], "-keyout", files[1]]
    subprocess.run(line, check=True, capture_output=True)
    return files


@pytest.fixture
def serve(tmp_path):
    """``serve(*arguments)`` -> port and a function that reads what came."""
    started = []

    def begin(*arguments):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        file = tmp_path / f"mails-{port}"
        line = [sys.executable, "-W", "ignore", SERVER, str(port), file, *arguments]
        started.append(subprocess.Popen(line, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout.readline() == "ready\n"
        return port, lambda: [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    yield begin
    for each in started:
        each.kill()
        each.communicate()


@pytest.fixture
def password(empty):
    file = empty.path("private", "smtp_password")
    file.write_text(LOGIN[1] + "\n")
    file.chmod(0o600)
    return file


def test_a_mail_reaches_those_who_are_told_and_nobody_else(serve, telling, ended):
    port, mails = serve()
    settings = telling(smtp=f"smtp://localhost:{port}", **PEOPLE)
    notify(settings, ended(run="001"))
    attempt = ended(ValueError("anneliese"), cell=5, heading="Wer kam zurück?")
    notify(settings, attempt)
    assert [(each["from"], each["to"]) for each in mails()] == [
        ("analytics@example.com", ["product@example.com"]),
        ("analytics@example.com", ["oncall@example.com"]),
    ]
    mail = message_from_bytes(mails()[1]["text"].encode(), policy=policy.default)
    assert mail["Subject"] == "Plugin: usage_report 2026-10 failed, exit 1"
    assert mail["Message-ID"] == f"<{attempt.id}.failure@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert 'Cell           5, under "Wer kam zurück?"' in mail.get_content()
    assert list(mail.iter_attachments()) == []
    assert "anneliese" not in mails()[1]["text"]


def test_a_mail_is_encrypted_where_the_server_offers_it(serve, telling, ended, certificate):
    port, mails = serve(*certificate)
    notify(telling(smtp=f"smtp://localhost:{port}", **PEOPLE), ended(run="001"))
    assert [each["tls"] for each in mails()] == [True]


def test_a_password_goes_over_a_verified_connection(serve, telling, ended, certificate, password, monkeypatch):
    port, mails = serve(*certificate, *LOGIN)
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    notify(telling(smtp=f"smtp://{LOGIN[0]}@localhost:{port}", **PEOPLE), ended(run="001"))
    asked, mail = mails()
    assert asked == {"asked": LOGIN[0], "tls": True}
    assert (mail["tls"], mail["login"]) == (True, True)


def test_a_password_is_not_sent_to_a_server_that_cannot_prove_who_it_is(
    serve, telling, ended, certificate, password, caplog
):
    port, mails = serve(*certificate, *LOGIN)
    notify(telling(smtp=f"smtp://{LOGIN[0]}@localhost:{port}", **PEOPLE), ended(run="001"))
    assert mails() == []
    assert "SSLCertVerificationError" in caplog.text


def test_a_password_is_not_sent_in_the_clear(serve, telling, ended, password, caplog):
    port, mails = serve(*LOGIN)
    notify(telling(smtp=f"smtp://{LOGIN[0]}@localhost:{port}", **PEOPLE), ended(run="001"))
    assert mails() == []
    assert "a password is not sent without" in caplog.text


@pytest.mark.parametrize("state", ["missing", "open"])
def test_a_password_that_is_missing_or_open_to_others_is_said(
    serve, telling, ended, certificate, password, caplog, state, monkeypatch
):
    port, mails = serve(*certificate, *LOGIN)
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    password.chmod(0o644) if state == "open" else password.unlink()
    notify(telling(smtp=f"smtp://{LOGIN[0]}@localhost:{port}", **PEOPLE), ended(run="001"))
    assert mails() == []
    assert {"open": "chmod 600", "missing": "is missing"}[state] in caplog.text


def test_a_mail_that_finds_no_server_is_kept_and_sent_by_the_next_run(serve, telling, ended, caplog):
    port, mails = serve()
    with socket.socket() as closed:  # bound and not listening: refused
        closed.bind(("127.0.0.1", 0))
        attempt = ended(run="001")
        notify(telling(smtp=f"smtp://127.0.0.1:{closed.getsockname()[1]}", **PEOPLE), attempt)
    assert "was not delivered by mail: ConnectionRefusedError. It is kept" in caplog.text
    notify(telling(smtp=f"smtp://localhost:{port}", **PEOPLE), ended(run="001", stood=True))
    assert [f"<{attempt.id}.success@" in each["text"] for each in mails()] == [True]
