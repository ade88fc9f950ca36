"""What a curator over HTTP meets: its description taken at its word, any bytes, and a search for what was planted."""

import ipaddress
import json
import socket
from datetime import UTC, datetime, timedelta

import pytest
import schemathesis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from curators import served
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from steps import MONTH, copy, pa

from privacy_analytics import (
    Bins,
    CountAccounts,
    CountRows,
    Histogram,
    Mean,
    Quantiles,
    Sum,
    TopKeys,
    connect,
)
from privacy_analytics.errors import PrivacyAnalyticsError, SettingsError
from privacy_analytics.sample import write_sample
from privacy_analytics.serving.web.rules import RULES
from privacy_analytics.witness import UNREADABLE, find

pytestmark = [pytest.mark.slow, pytest.mark.service]
EXAMPLES = 12
"""Of each operation's form and of what it forbids."""
QUESTIONS = [
    CountAccounts("events", by=("feature", "os")),
    CountRows("sessions", by="week", per_cell=10),
    Sum("sessions", "minutes", by="os", bounds=(0, 600)),
    Mean("sessions", "minutes", of="total"),
    Quantiles("sessions", "minutes", [0.5, 0.9]),
    Histogram("sessions", "minutes", [5, 15, 60]),
    CountAccounts("sessions", by=Bins("minutes", [5, 15])),
    TopKeys("messages", "content", words=2),
]
PURPOSES = ("exploration", "usage", "cohorts", "marketing", "revisions")


@pytest.fixture(scope="module")
def root(filled, tmp_path_factory):
    return copy(filled, tmp_path_factory.mktemp("http") / "w")


@pytest.fixture(scope="module")
def curator(root):
    with served(root) as running:
        yield running


def everything(curator, folder):
    """Ask every route all that it answers, and much that it refuses; keep each response as a file, headers and all."""
    numbers = iter(range(10_000))

    def kept(*request, **more):
        reply = curator.ask(*request, **more)
        name = folder / f"{next(numbers)}.txt"
        name.write_bytes(json.dumps(dict(reply.headers)).encode() + b"\n" + reply.content)
        return reply

    for purpose in PURPOSES:
        about = {"month": MONTH, "purpose": purpose}
        for call in ("describe", "budget"):
            kept("POST", f"/v1/{call}", role="officer", json=about)
        for table in kept("POST", "/v1/describe", role="officer", json=about).json()["answer"]["tables"]:
            kept("POST", "/v1/preview", role="officer", json=about | {"table": table})
        for question in QUESTIONS:
            asked = about | {"question": question.canonical(), "share": 0.1}
            for call in ("plan", "release"):
                kept("POST", f"/v1/{call}", role="officer", json=asked)
                kept("POST", f"/v1/{call}", role="officer", json=asked | {"question": {"kind": "rows"}})
    for path in RULES:
        for role in ("", "analyst", "marketing", "officer"):
            kept("GET", path.replace("{statistic_id}", "s-0123456789").replace("{release_id}", "r-0"), role=role)
    for release in kept("GET", "/v1/releases", role="officer").json()["answer"]["ids"]:
        kept("GET", f"/v1/releases/{release}", role="officer")
    return next(numbers)


def test_no_response_holds_anything_that_was_planted(curator, root, tmp_path):
    canaries = [text for texts in write_sample(tmp_path / "export", accounts=500).canaries.values() for text in texts]
    (answers := tmp_path / "answers").mkdir()
    assert everything(curator, answers) > 100
    assert len(list((root / "releases").glob("r-*.json"))) > len(QUESTIONS)
    assert [hit for hit in find(answers, canaries) if hit.needle != UNREADABLE] == []
    (answers / "planted.txt").write_bytes(b"{}\n" + json.dumps({"text": canaries[0]}).encode())
    assert {hit.path for hit in find(answers, canaries)} == {"planted.txt"}  # it finds what is there


def statuses(curator, operation, documented):
    """What cases of an operation met, as each role and as nobody."""
    met = set()

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def tried(case):
        for role in ("officer", "analyst", ""):
            headers = {"Authorization": f"Bearer {curator.tokens[role]}"} if role else {}
            met.add(status := case.call(base_url=curator.url, headers=headers).status_code)
            assert status < 500
            assert str(status) in documented

    tried()
    return met


def test_a_description_taken_at_its_word_meets_no_fault(curator):
    api = curator.ask("GET", "/openapi.json").json()
    operations = [found.ok() for found in schemathesis.openapi.from_dict(api).get_all_operations()]
    assert {each.path for each in operations} == set(api["paths"])
    for each in operations:
        met = statuses(curator, each, api["paths"][each.path][each.method]["responses"])
        assert each.path == "/v1/health" or 401 in met


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.binary(max_size=300), framed=st.booleans(), name=st.sampled_from(["plan", "release", "describe"]))
def test_no_bytes_end_it(curator, sent, framed, name):
    host, port = "127.0.0.1", int(curator.url.rpartition(":")[2])
    head = f"POST /v1/{name} HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer {curator.tokens['analyst']}\r\n"
    head += f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: {len(sent)}\r\n\r\n"
    with socket.create_connection((host, port), timeout=60) as wire:
        wire.sendall((head.encode() if framed else b"") + sent)
        wire.shutdown(socket.SHUT_WR)
        reply = b"".join(iter(lambda: wire.recv(65_536), b""))
    assert b"Traceback" not in reply
    if framed:
        assert reply.split(b" ")[1] in (b"200", b"400", b"422", b"404")
    assert curator.process.poll() is None


@pytest.fixture(scope="module")
def certified(filled, tmp_path_factory):
    """A workspace with a certificate of 127.0.0.1, and the certificate: its own authority."""
    root = copy(filled, tmp_path_factory.mktemp("tls") / "w")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "curator")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (root / "private" / "tls.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (root / "private" / "tls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    for file in ("tls.pem", "tls.key"):
        (root / "private" / file).chmod(0o600)
    with (root / "workspace.toml").open("a") as file:
        file.write('\n[serve]\ncertificate = "private/tls.pem"\nprivate_key = "private/tls.key"\n')
    return root


def test_tls_is_spoken_and_always_verified(certified):
    ca = certified / "private" / "tls.pem"
    with served(certified, ca=ca) as curator:
        assert curator.url.startswith("https://127.0.0.1:")
        assert curator.session().month == MONTH
        with pytest.raises(SettingsError, match="is not trusted here"):
            connect(curator.url, curator.tokens["analyst"], MONTH)
        with pytest.raises(SettingsError, match="is not trusted here"):  # it is another host's
            connect(curator.url.replace("127.0.0.1", "localhost"), curator.tokens["analyst"], MONTH, ca=ca)
        with pytest.raises(PrivacyAnalyticsError):
            connect(curator.url.replace("https", "http"), curator.tokens["analyst"], MONTH)


def test_a_key_that_others_can_read_or_of_another_certificate_is_refused(certified, tmp_path):
    root = copy(certified, tmp_path / "w")
    (root / "private" / "tls.key").write_text("no key")
    done = pa("serve", "-w", root, "--http", "127.0.0.1:0")
    assert (done.returncode, "no PEM certificate and its own key" in done.stderr) == (10, True)
    settings = root / "workspace.toml"
    (tmp_path / "open.key").write_bytes((certified / "private" / "tls.key").read_bytes())
    (tmp_path / "open.key").chmod(0o644)
    settings.write_text(settings.read_text().replace("private/tls.key", str(tmp_path / "open.key")))
    done = pa("serve", "-w", root, "--http", "127.0.0.1:0")
    assert (done.returncode, "chmod 600" in done.stderr) == (10, True)
