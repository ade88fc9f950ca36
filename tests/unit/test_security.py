"""Security (policy §7): who may read a workspace, and where no key and no person may stand."""

import base64
import os
import subprocess
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from privacy_analytics import workspace
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli import cli
from privacy_analytics.errors import SettingsError
from privacy_analytics.ingest.intake import ingest
from privacy_analytics.lake import Lake
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.tombstones import Tombstones
from privacy_analytics.witness import find

PEOPLE = ("usr-7f3a-roe", "jane.roe@studio.example")


@pytest.mark.clause("7.permissions")
@pytest.mark.parametrize(
    ("name", "mode", "fix"),
    [
        ("", 0o750, "chmod 700"),
        ("lake", 0o701, "chmod 700"),
        ("requests/R-0123456789", 0o755, "chmod 700"),
        ("private/key", 0o640, "chmod 600"),
        ("private/tombstone_key", 0o604, "chmod 600"),
        ("private/identity.json", 0o644, "chmod 600"),
        ("ledger.sqlite", 0o660, "chmod 600"),
    ],
)
def test_what_others_can_read_is_refused_with_the_command_that_mends_it(empty, name, mode, fix):
    path = empty.root / name
    if name.startswith(("private/", "ledger")):
        path.touch(0o600)
    else:
        path.mkdir(0o700, exist_ok=True)
    workspace.load(empty.root)
    path.chmod(mode)
    with pytest.raises(SettingsError, match=fix):
        workspace.load(empty.root)


def test_what_belongs_to_another_user_is_refused(empty, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(SettingsError, match="belongs to another user"):
        workspace.load(empty.root)


def test_a_ledger_is_its_owners_alone_whatever_the_shell_allows(empty, curator_of):
    before = os.umask(0)
    try:
        curator_of(empty).ledger.verify()
    finally:
        os.umask(before)
    assert [file.stat().st_mode & 0o077 for file in empty.root.glob("ledger.sqlite")] == [0]
    workspace.load(empty.root)


def commands(group: click.Command = cli, path: str = "pa"):
    """Every command of the command line, by its path."""
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            yield from commands(found, f"{path} {name}")
    else:
        yield path, group


def test_no_argument_of_any_command_takes_a_person():
    found = dict(commands())
    assert len(found) > 40
    named = {
        f"{path} {parameter.name}"
        for path, command in found.items()
        for parameter in command.params
        for word in ("account", "email", "user", "person", "people", "subject", "pseudonym", "phone")
        if word in f"{parameter.name} {parameter.metavar or ''}".lower()
    }
    assert named == {"pa init contact_email"}  # the officer's own
    asked = {path for path, command in found.items() if path.startswith("pa account ")}
    assert not [path for path in asked for each in found[path].params if each.nargs != 1 or each.name == "id"]


def forms(secret: bytes):
    """How a key could be written down."""
    return [
        secret.hex(),
        base64.b64encode(secret).decode(),
        base64.urlsafe_b64encode(secret).decode(),
        str(list(secret)),
    ]


def traces(root: Path, secrets: list[bytes], besides: tuple[str, ...] = ()) -> set[str]:
    """The files in which a key stands, in one of its forms or as its bytes."""
    needles = [form for secret in secrets for form in forms(secret)]
    found = {hit.path for hit in find(root, needles) if hit.needle >= 0}
    for file in root.rglob("*"):
        if file.is_file() and any(secret in file.read_bytes() for secret in secrets):
            found.add(file.relative_to(root).as_posix())
    return found - set(besides)


class Plain:
    """Stands in for the scrubber."""

    tier = "plain"

    def scrub(self, texts, own=None, conversations=None):
        return [type("Masked", (), {"text": "masked"}) for _ in texts]


@pytest.fixture
def used(empty, tmp_path):
    """A workspace after an intake, an opt-out, a tombstone, a question to the budget and a rotation of its keys."""
    export = tmp_path / "export"
    export.mkdir()
    (export / "accounts.csv").write_text("account_id,email,age_attested\n" + ",".join([*PEOPLE, "true"]) + "\n")
    ingest(empty, export, scrubber=Plain())
    pseudonym = IdentityHasher(*empty.secret_keys()).pseudonym(PEOPLE[0])
    Tombstones(empty).add(["0" * 32], request="R-0123456789", on=date(2026, 11, 20))
    for words, said in (
        (["account", "opt-out", "--by", "N. N."], PEOPLE[0]),
        (["account", "opt-out", "--by", "N. N."], PEOPLE[1]),
        (["keys", "rotate", "--by", "N. N."], ""),
        (["audit", "verify"], ""),
    ):
        done = CliRunner().invoke(cli, [*words, "-w", str(empty.root)], input=said)
        assert done.exit_code == 0, (words, done.output, done.exception)
        assert not [each for each in (*PEOPLE, pseudonym) if each in done.output]
    return empty


@pytest.mark.clause("7.secrets")
def test_no_key_and_no_person_stands_in_any_other_file(used):
    from privacy_analytics.settings import read_keys

    keys = [*used.secret_keys(), *read_keys(used.path("private", "tombstone_key"))]
    home = ("private/key", "private/tombstone_key")
    assert len(keys) == 4
    assert traces(used.root, keys) == set(home)
    assert not find(used.root, PEOPLE)
    assert {"opt-out", "rotate"} <= {entry.facts.get("kind", entry.action) for entry in AuditLog(used).entries()}


def test_the_search_for_keys_finds_every_form_of_one(used):
    key = used.secret_keys()[-1]
    forged = [*(form.encode() for form in forms(key)), b"\0" + key]
    for number, form in enumerate(forged):
        used.path("logs", f"planted-{number}.log").write_bytes(b"before " + form + b" after")
    planted = {f"logs/planted-{number}.log" for number in range(len(forged))}
    assert traces(used.root, [key], ("private/key",)) == planted


def test_logs_and_records_hold_no_pseudonym(used):
    lake, hasher = Lake(used.path("lake")), IdentityHasher(*used.secret_keys())
    names = hasher.generations(PEOPLE[0])
    assert lake.accounts(lake.batches()).collect()["account"].to_list() == [names[-1]]
    for folder in ("logs", "requests", "private", "releases", "snapshots"):
        assert not find(used.path(folder), names)


class Watched:
    """A process and all that it starts; what their arguments and environments say while they live (Linux)."""

    def __init__(self, command: list[str], said: str = "") -> None:
        self.seen: dict[int, bytes] = {}
        with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-2, text=True) as process:
            self.seen[process.pid] = b""
            process.stdin.write(said)
            process.stdin.close()
            while process.returncode is None:
                self._look()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.05)
            self.output = process.stdout.read()
        self.code = process.returncode

    def _look(self) -> None:
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                pid, parent = int(folder.name), int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if pid in self.seen or parent in self.seen:
                    said = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
                    self.seen[pid] = self.seen.get(pid, b"") + (said if said not in self.seen.get(pid, b"") else b"")

    def holds(self, *texts: str) -> bool:
        return any(text.encode() in said for said in self.seen.values() for text in texts)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="arguments and environments are read from /proc")
def test_no_process_says_a_key_or_a_person_in_its_arguments_or_environment(tmp_path):
    root, export = tmp_path / "w", tmp_path / "export"
    export.mkdir()
    (export / "accounts.csv").write_text("account_id,email,age_attested\n" + ",".join([*PEOPLE, "true"]) + "\n")
    event = f'{{"account_id": "{PEOPLE[0]}", "occurred_at": "2026-10-02T10:00:00Z", "event": "app_opened"}}\n'
    (export / "events.jsonl").write_text(event)

    def pa(*words, said=""):
        done = Watched([sys.executable, "-m", "privacy_analytics", *map(str, words)], said)
        assert done.code == 0, done.output
        assert all(done.seen.values())
        keys = [line for file in root.glob("private/*key") for line in file.read_text().split()]
        assert not done.holds(*keys, *PEOPLE), words
        assert not [each for each in (*keys, *PEOPLE) if each in done.output], words
        return done

    pa("init", root, "--contact-email", "officer@studio.test", "--policy-posted", "2026-01-01")
    assert pa("ingest", export, "-w", root, "--tier", "fast").holds(str(export))
    pa("run", "usage_report", "-w", root, "--month", "2026-10")
    pa("account", "opt-out", "--by", "N. N.", "-w", root, said=PEOPLE[1])
    pa("account", "erase", "--by", "N. N.", "--confirm", "-w", root, said=PEOPLE[0])
    pa("keys", "rotate", "--by", "N. N.", "-w", root)
    keys = [bytes.fromhex(line) for file in root.glob("private/*key") for line in file.read_text().split()]
    assert len(keys) == 4
    assert traces(root, keys) == {"private/key", "private/tombstone_key"}
    assert not find(root, PEOPLE)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="arguments and environments are read from /proc")
def test_the_watch_sees_what_a_child_of_a_process_is_told(monkeypatch):
    monkeypatch.setenv("WATCHED", "in the environment")
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(4)', 'an id'])"
    done = Watched([sys.executable, "-c", child])
    assert done.holds("an id")
    assert done.holds("in the environment")
    assert len(done.seen) == 2
