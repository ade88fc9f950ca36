"""What a monitor may know: every line parses, says nothing of a person, and is there whole or not at all."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from privacy_analytics import anchor, metrics
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.lake import Lake, new_batch
from privacy_analytics.report.attempts import STATES, attempted
from privacy_analytics.rights.requests import Requests
from privacy_analytics.settings import Settings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
_SAMPLE = re.compile(rf"({_NAME})(?:\{{({_LABEL}(?:,{_LABEL})*)\}})? ([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
"""A sample of the text exposition format 0.0.4, without a timestamp: node_exporter refuses files that have one."""


def parse(text: str) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Every family by name. HELP, TYPE, samples; none of them twice; a line feed at the end."""
    assert text.endswith("\n")
    families: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    lines: Iterator[str] = iter(text.removesuffix("\n").split("\n"))
    name = ""
    for line in lines:
        if line.startswith("#"):
            helped = re.fullmatch(rf"# HELP ({_NAME}) [^\\\n]+", line)
            assert helped, line
            name = helped[1]
            assert next(lines) == f"# TYPE {name} gauge"
            assert name not in families
            families[name] = {}
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample, line
        assert sample[1] == name
        labels = frozenset(tuple(each) for each in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', sample[2] or ""))
        assert labels not in families[name], line
        families[name][labels] = float(sample[3])
    assert all(families.values())
    return families


def told(settings: Settings) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    return parse(metrics.collect(settings.root, NOW))


def value(found: dict[str, Any], name: str, **labels: str) -> float:
    return found[f"privacy_analytics_{name}"][frozenset(labels.items())]


@pytest.fixture
def busy(october: Settings, curator_of: Any) -> Settings:
    """A month with a question answered, an intake that refused rows, a failed run, an open request, an anchor."""
    question = {"month": "2026-10", "purpose": "exploration", "share": 0.5}
    curator_of(october).call("release", question | {"question": CountAccounts("events").canonical()})
    lake = Lake(october.path("lake"))
    lake.commit(new_batch(NOW), {
        "events": {"read": 200, "quarantined": {"row|json": 30}},
        "accounts": {"read": 9, "quarantined": {"age_attested": 3}},
    })  # fmt: skip
    Requests(october, lake).create("access", ["0" * 32], by="Ada Canary", received=date(2026, 10, 20))
    with pytest.raises(KeyError), attempted(october.path("runs", "2026-10", "usage_report")):
        raise KeyError
    anchor.remember(october, str(anchor.take(october, now=NOW)))
    return october


def test_every_line_parses_and_says_what_is_there(busy: Settings):
    found = told(busy)
    assert value(found, "up") == 1
    assert value(found, "budget_left_ratio", month="2026-10", purpose="exploration") == pytest.approx(0.5, abs=1e-3)
    assert value(found, "budget_left_ratio", month="2026-10", purpose="usage") == 1
    assert value(found, "chain_entries", chain="ledger") == 3
    assert value(found, "last_timestamp_seconds", what="anchor") == NOW.timestamp()
    assert value(found, "last_timestamp_seconds", what="ingest") == NOW.timestamp()
    states = {state: value(found, "last_run_state", report="usage_report", state=state) for state in STATES}
    assert states == {state: state == "failed" for state in STATES}
    assert value(found, "requests_open", kind="access") == 1
    assert value(found, "requests_due_days") == -20
    assert value(found, "quarantined_ratio", table="events") == 0.15
    assert value(found, "disk_bytes", folder="lake") > 0
    assert value(found, "written_timestamp_seconds") == NOW.timestamp()


def test_nothing_names_a_person_or_counts_people(busy: Settings):
    text = metrics.collect(busy.root, NOW)
    assert "Canary" not in text
    assert not re.search(r"[0-9a-f]{16}", text)
    assert 'table="accounts"' not in text
    assert not re.search(r" 3000\b| 2999\b", text)


def test_a_workspace_that_does_not_open_is_down(busy: Settings):
    busy.path("private").chmod(0o755)
    assert told(busy) == {"privacy_analytics_up": {frozenset(): 0}}


@pytest.mark.parametrize("days", [-1, 30])
def test_the_end_of_a_certificate_is_told(empty: Settings, days: int):
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    empty.path("private", "tls.pem").write_bytes(_certificate(ends))
    file = empty.path("workspace.toml")
    file.write_text(f'{file.read_text()}\n[serve]\ncertificate = "private/tls.pem"\nprivate_key = "private/tls.key"\n')
    empty.path("private", "tls.pem").chmod(0o600)
    assert value(told(empty), "certificate_ends_timestamp_seconds") == ends.timestamp()


def _certificate(ends: datetime) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "curator.internal")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, ends - timedelta(days=90), ends)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_the_file_is_whole_and_private_and_keeps_the_mode_it_was_given(tmp_path: Path):
    file = tmp_path / "privacy.prom"
    metrics.write("a 1\n", file)
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    inode = file.stat().st_ino
    metrics.write("a 2\n", file)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("a 2\n", 0o640)
    assert file.stat().st_ino != inode
    assert list(tmp_path.iterdir()) == [file]


def test_a_label_with_a_quote_is_escaped():
    metric = metrics.Metric("x", "X.")
    metric.set(1, report='a"b\\c\nd')
    (labels,) = parse(f"{metric}\n")["privacy_analytics_x"]
    assert dict(labels) == {"report": r"a\"b\\c\nd"}


def test_budgets_of_old_months_are_left_out(empty: Settings):
    ledger = Ledger(empty.ledger_at)
    for n in range(1, 13):
        about: dict[str, Any] = {"purpose": "usage", "charge": Charge(1), "allowance": Charge(9), "payload": "{}"}
        ledger.reserve(f"p{n}", months=[f"2025-{n:02}"], **about)
    months = {dict(each)["month"] for each in told(empty)["privacy_analytics_budget_left_ratio"]}
    assert months == {f"2025-{n:02}" for n in range(2, 13)} | {"2026-10"}
