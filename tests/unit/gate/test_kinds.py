"""Every kind of file that leaves: an honest one passes, anything else is named by rule and place."""

from __future__ import annotations

import json
from dataclasses import replace

import nbformat
import pytest

from privacy_analytics import figures, gate
from privacy_analytics.dp.arithmetic import share
from privacy_analytics.dp.store import FolderStore
from privacy_analytics.exports import to_csv, to_json, to_png, to_svg
from privacy_analytics.gate import Vouched, check, examine
from privacy_analytics.gate.notebook import Cell, rebuilt


@pytest.fixture(scope="module")
def store(world, tmp_path_factory):
    made = FolderStore(tmp_path_factory.mktemp("releases"))
    for each in world.values():
        made.put(each.id, each.to_json())
    return made


@pytest.fixture(scope="module")
def spec(world):
    return figures.specifications(figures.figure(world["features"]))[0]


@pytest.fixture(scope="module")
def cells(world):
    shown = figures.table(world["features"]) + "\n" + figures.fragment("sentence", world["month"])
    return [
        Cell("markdown", "a-00", "# Usage report\n\nWhat people used."),
        Cell("code", "a-01", 'month: str = ""  # month', parameters=True),
        Cell("code", "a-02", "released.show()", shown=shown),
        Cell("code", "a-03", "released.month.sentence()", shown=figures.fragment("sentence", world["month"])),
    ]


@pytest.fixture(scope="module")
def vouched(cells, spec):
    return Vouched(cells=frozenset(cell.digest for cell in cells), drawn_from=spec)


@pytest.fixture(scope="module")
def files(world, store, spec, cells):
    derived = share(world["features"], of=world["month"])
    return {
        "share.csv": to_csv(derived),
        "features.csv": to_csv(world["features"]),
        "share.json": to_json(derived),
        "features.svg": to_svg(spec, store),
        "features.png": to_png(spec, store),
        "report.ipynb": rebuilt(cells),
    }


def test_honest_files_pass(files, store, vouched):
    assert {name: check(name, data, store, vouched) for name, data in files.items()} == {name: [] for name in files}


def test_any_byte_that_differs_is_found(files, store, vouched):
    for name, data in files.items():
        spoiled = {
            "more": data + b"\n",
            "less": data[:-2],
            "other": data[: len(data) // 2] + b"7" + data[len(data) // 2 + 1 :],
        }
        passed = [how for how, each in spoiled.items() if each != data and not check(name, each, store, vouched)]
        assert passed == [], name


def test_a_value_of_another_release_is_found_by_its_line(files, store, vouched):
    spoiled = files["features.csv"].replace(b"mix_assist,1240.4", b"mix_assist,1241.4")
    (finding,) = check("features.csv", spoiled, store, vouched)
    assert finding == "line 3: this is not what the release gives; export it again"


@pytest.mark.parametrize("name", ["share.xlsx", "report.htm", "report", "report.HTML", "report.html.zip", "report.pdf"])
def test_a_kind_that_is_not_known_does_not_leave(files, store, vouched, name):
    (finding,) = examine(name, files["share.csv"], store, vouched)
    assert finding.rule == "name"


def test_a_file_does_not_pass_for_another_kind(files, store, vouched):
    for name, data in files.items():
        for ending in gate.KINDS:
            if not name.endswith(ending):
                assert check(f"x.{ending}", data, store, vouched), (name, ending)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"null", b"[]", b"{}", b"[" * 100_000, b'{"cells": [7]}', b"source\n"]
)
def test_what_cannot_be_read_does_not_leave(store, vouched, data):
    assert all(check(f"x.{ending}", data, store, vouched) for ending in gate.KINDS)


def test_an_examination_that_fails_refuses_and_does_not_say_why(files, store, vouched, monkeypatch):
    def trip(*_):
        raise RuntimeError("jane@example.com")

    monkeypatch.setattr(gate.tables, "read_source", trip)
    (finding,) = check("share.csv", files["share.csv"], store, vouched)
    assert finding == "file: it could not be examined (RuntimeError)"


def test_a_release_that_is_not_in_the_store_proves_nothing(files, world, vouched, tmp_path):
    other = FolderStore(tmp_path)
    other.put("r-month", world["month"].to_json())
    assert all(check(name, data, other, vouched) for name, data in files.items())


def test_a_picture_without_its_source_does_not_leave(files, store):
    assert any(
        "keep its SVG beside it" in finding for finding in check("a.png", files["features.png"], store, Vouched())
    )


def test_a_cell_that_the_runs_notebook_does_not_have_is_found_by_its_number(cells, store, vouched):
    added = [*cells[:2], Cell("markdown", "a-09", "Fine."), *cells[2:]]
    assert check("report.ipynb", rebuilt(added), store, vouched) == [
        "cell 3: a cell that the run's notebook does not have, or not so"
    ]


def test_an_output_that_is_no_fragment_is_found_by_its_cell(cells, store, vouched):
    typed = Cell(cells[3].kind, cells[3].id, cells[3].source, shown="<p>About 12,412 accounts.</p>")
    (finding,) = check("report.ipynb", rebuilt([*cells[:3], typed]), store, vouched)
    assert finding.startswith("cell 4: an output that is not what its releases give")


def test_a_shared_notebook_is_one_that_jupyter_reads(files):
    book = nbformat.reads(files["report.ipynb"].decode(), as_version=4)
    nbformat.validate(book)
    assert [cell.id for cell in book.cells] == ["a-00", "a-01", "a-02", "a-03"]
    assert book.cells[1].metadata.tags == ["parameters"]
    assert files["report.ipynb"].decode().count("<style>") == 1


def test_every_rule_of_every_kind_is_explained():
    assert {rule for kind in gate.KINDS.values() for rule in kind.rules} | {"name"} == set(gate.RULES)


def test_findings_name_no_text_that_was_found(files, store, vouched):
    secret = "jane.doe@example.com"
    book = json.loads(files["report.ipynb"])
    book["cells"][0]["source"] = secret
    book["metadata"][secret] = secret
    spoiled = {
        "report.ipynb": json.dumps(book).encode(),
        "share.csv": files["share.csv"].replace(b"chat", secret.encode()),
        "share.json": files["share.json"].replace(b"chat", secret.encode()),
        "features.svg": files["features.svg"].replace(b"Chat", secret.encode()),
    }
    for name, data in spoiled.items():
        findings = check(name, data, store, vouched)
        assert any("an e-mail address" in finding for finding in findings), name
        assert not any("jane" in finding for finding in findings)


def test_what_was_drawn_once_is_drawn_again_when_a_release_changes(files, world, vouched, tmp_path):
    other = FolderStore(tmp_path)
    for each in world.values():
        other.put(each.id, each.to_json())
    assert check("report.ipynb", files["report.ipynb"], other, vouched) == []
    other.put("r-month", replace(world["month"], cells=world["before"].cells).to_json())
    assert check("report.ipynb", files["report.ipynb"], other, vouched) != []
    (tmp_path / "r-month.json").unlink()
    assert check("report.ipynb", files["report.ipynb"], other, vouched) != []
