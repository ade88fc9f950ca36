"""Enforced mode, proved: notebooks run as a user who gets releases and can open no file of the workspace."""

import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from steps import MONTH, copy
from users import User

from privacy_analytics.dp.releases import Release

pytestmark = [pytest.mark.slow, pytest.mark.service]
GROUP = 65_010
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
KINDS = ["lake/events/**/*.parquet", "private/key", "ledger.sqlite", "snapshots/*.json", "workspace.toml", "logs/*"]
OPEN = """
import json, os
opened = {}
for name in json.loads(NAMES):
    try:
        os.close(os.open(name, os.O_RDONLY))
        opened[name] = "opened"
    except OSError as error:
        opened[name] = type(error).__name__
print(json.dumps({"user": os.getresuid(), "opened": opened}))
"""


@dataclass(frozen=True)
class Ran:
    """What one user served and what the notebooks of another made of it."""

    root: Path
    books: dict[str, nbformat.NotebookNode]
    by_curator: dict
    """What the curator's user could open of the names that the notebooks tried."""
    stranger: str
    """What a user outside the socket's group was told."""

    def outputs(self, book: str) -> list[nbformat.NotebookNode]:
        return [output for cell in self.books[book].cells if cell.cell_type == "code" for output in cell.outputs]

    def releases(self) -> list[Release]:
        return [Release.from_json(file.read_text()) for file in self.root.glob("releases/*.json")]


@pytest.fixture(scope="module")
def folder():
    """A folder that every user can walk to; pytest's own are one user's."""
    if sys.platform != "linux" or os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI_SERVICES") else pytest.skip)("needs Linux, and root to be other users")
    made = Path(tempfile.mkdtemp(prefix="enforced-", dir="/var/tmp"))  # TMPDIR may be one user's, too
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def ran(folder, filled) -> Ran:
    curator = User(65_001, (GROUP,), folder / "curator")
    analyst = User(65_002, (GROUP,), folder / "analyst")
    stranger = User(65_003, (), folder / "stranger")
    root = copy(filled, folder / "w")
    curator.give(root, *root.rglob("*"))
    (folder / "run").mkdir(mode=0o755)
    curator.give(folder / "run")
    socket = folder / "run" / "s"
    address = f"unix://{socket}"
    terms = ("--group", GROUP, *(f"--purpose={name}" for name in ("exploration", "usage", "cohorts")))
    server = curator.start("-m", "privacy_analytics", "serve", "-w", root, "--socket", socket, *terms)
    try:
        assert server.stdout.readline() == f"listening  {address}\n", server.stderr.read()
        ask = f"from privacy_analytics import open_session; open_session({address!r}, month={MONTH!r})"
        analyst.run("-c", ask)  # the month is frozen by whoever asks first
        names = [str(file) for file in root.rglob("*") if file.is_file()]
        tries = OPEN.replace("NAMES", repr(json.dumps([*names, f"/proc/{server.pid}/environ"])))
        books = {name: executed(name, analyst, address, tries) for name in ("explore", "usage_report")}
        by_curator = json.loads(curator.run("-c", tries))
        refused = stranger.start("-c", ask).communicate(timeout=60)[1]
    finally:
        server.terminate()
        server.communicate(timeout=60)
    assert server.returncode == 0
    return Ran(root, books, by_curator, refused)


def executed(name: str, by: User, address: str, last: str) -> nbformat.NotebookNode:
    """A notebook of the repository, and a last cell, as plain papermill left it."""
    book = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    book.cells.append(nbformat.v4.new_code_cell(last, id="last"))
    source, out = by.home / f"{name}.ipynb", by.home / f"{name}-out.ipynb"
    nbformat.write(book, source)
    by.give(source)
    told = ("-p", "workspace", address, "-p", "month", MONTH)
    by.run("-m", "papermill", source, out, "--no-progress-bar", *told)
    return nbformat.read(out, as_version=4)


def test_notebooks_get_releases(ran):
    assert "Active accounts" in str(ran.outputs("usage_report"))
    assert "accounts used" in str(ran.outputs("explore"))
    assert {release.recorded["purpose"] for release in ran.releases()} == {"exploration", "usage"}


def test_every_release_and_page_says_which_trust_it_was_made_in(ran):
    assert {release.recorded["trust"] for release in ran.releases()} == {"enforced"}
    assert "enforced: lake, key and ledger belong to another user" in str(ran.outputs("explore"))
    assert "belong to another user or host" in str(ran.outputs("usage_report"))


@pytest.mark.parametrize("name", ["explore", "usage_report"])
def test_the_process_that_got_them_can_open_no_file_of_the_workspace(ran, name):
    tried = json.loads(ran.outputs(name)[-1].text)
    assert tried["user"] == [65_002] * 3
    assert set(tried["opened"].values()) == {"PermissionError"}
    assert ran.by_curator == {"user": [65_001] * 3, "opened": dict.fromkeys(tried["opened"], "opened")}


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_tried_to_open_was_there(ran, kind):
    assert set(map(str, ran.root.glob(kind))) & set(ran.by_curator["opened"])


def test_who_is_not_in_the_group_is_told_whom_to_ask(ran):
    assert "SettingsError" in ran.stranger
    assert "Ask the operator to add you to its group" in ran.stranger


def test_the_operator_reads_which_user_asked(ran):
    told = (ran.root / "logs" / "operator.log").read_text()
    assert all(f"uid 65002: release of {MONTH}" in told and release.id in told for release in ran.releases())
