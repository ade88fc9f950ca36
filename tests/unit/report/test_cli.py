"""``pa gate FILE`` and ``pa gate RUN``: every rule by name, exit 40 where one is broken."""

from __future__ import annotations

import json

import nbformat
import pytest
from click.testing import CliRunner

from privacy_analytics import figures
from privacy_analytics.cli.report import gate, watched_cells
from privacy_analytics.dp.store import FolderStore
from privacy_analytics.errors import GateError, NotFound, UsageError
from privacy_analytics.exports import to_csv, to_png, to_svg
from privacy_analytics.gate.notebook import rebuilt
from privacy_analytics.report.manifest import vouch, written
from privacy_analytics.report.render import Facts, render_html
from privacy_analytics.report.shared import cells, outputs


@pytest.fixture
def folder(empty, world):
    """A finished run, made by hand."""
    store = FolderStore(empty.path("releases"))
    for each in world.values():
        store.put(each.id, each.to_json())
    output = nbformat.v4.new_output("display_data", {"text/html": figures.table(world["features"])})
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Usage\n\nWhat people used.", id="a-00"),
            nbformat.v4.new_code_cell("released.show()", id="a-01", outputs=[output]),
        ]
    )
    facts = Facts(empty.product, "2026-10", "2026-10.r0", "1.0", empty.contact_email)
    vouched, page = vouch(book, {}, title="Usage", facts=facts), render_html(book, title="Usage", facts=facts)
    notebook = rebuilt(cells(book, {}, outputs(book)))
    about = {"report": "usage", "title": "Usage", "facts": facts, "source": b"", "values": {}}
    made = empty.path("runs", "2026-10", "usage", "001")
    made.mkdir(parents=True)
    (made / "report.html").write_text(page)
    (made / "report.ipynb").write_bytes(notebook)
    (made / "manifest.json").write_text(json.dumps(written(page, notebook, store, vouched, **about)))
    spec = figures.specifications(figures.figure(world["features"]))[0]
    for name, data in (
        ("features.csv", to_csv(world["features"])),
        ("features.svg", to_svg(spec, store)),
        ("features.png", to_png(spec, store)),
    ):
        (made / name).write_bytes(data)
    return made


@pytest.fixture
def ask(empty, folder):
    def asked(what, *more):
        return CliRunner().invoke(gate, [str(what), "-w", str(empty.root), *map(str, more)])

    return asked


def test_a_run_is_told_rule_by_rule(ask):
    done = ask("2026-10/usage")
    assert done.exit_code == 0, done.output
    assert done.output.count("  ok ") == 13
    assert "(HTML page)" in done.output
    assert "(notebook)" in done.output


@pytest.mark.parametrize("name", ["report.html", "report.ipynb", "features.csv", "features.svg", "features.png"])
def test_a_file_is_told_by_itself(ask, folder, name):
    done = ask(folder / name)
    assert done.exit_code == 0, done.output
    assert "refused" not in done.output


def test_a_broken_rule_is_told_with_its_place_and_exits_40(ask, folder):
    file = folder / "features.csv"
    file.write_bytes(file.read_bytes().replace(b"1240.4", b"1250.4"))
    done = ask(file)
    assert isinstance(done.exception, GateError)
    assert done.exception.exit_code == 40
    assert "refused  every byte is what the release gives\n           line 3:" in done.output
    assert done.output.count("  ok ") == 3


def test_a_canary_is_told_but_not_repeated(ask, folder, tmp_path):
    (tmp_path / "canaries").write_text("people used\n")
    done = ask(folder / "report.html", "--canaries", tmp_path / "canaries")
    assert isinstance(done.exception, GateError)
    assert "a canary" in done.output
    assert "people used" not in done.output


def test_what_is_missing_beside_a_file_is_named(ask, folder):
    for missing, name in (("manifest.json", "report.html"), ("features.svg", "features.png")):
        (folder / missing).unlink()
        done = ask(folder / name)
        assert isinstance(done.exception, NotFound)
        assert missing in str(done.exception)


def test_a_run_of_another_version_has_to_be_made_again(ask, folder):
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 1}))
    assert isinstance(ask("2026-10/usage").exception, UsageError)


def test_no_other_kind_of_file_passes(ask, folder):
    (folder / "notes.txt").write_text("Fine.")
    assert isinstance(ask(folder / "notes.txt").exception, GateError)


def test_progress_is_one_line_that_goes_away_where_somebody_watches(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with watched_cells() as tell:
        tell(7, 31, "How many people used the assistant?")
        tell(8, 31, "x" * 200)
    said = capsys.readouterr().err
    assert said.startswith("\r\x1b[K[ 7/31] How many people used the assistant?\r\x1b[K[ 8/31] xxx")
    assert said.endswith("x\r\x1b[K")
    assert max(map(len, said.split("\r\x1b[K"))) < 80


def test_progress_is_left_to_the_log_where_nobody_watches(capsys):
    with watched_cells() as tell:
        assert tell is None
    assert capsys.readouterr().err == ""
