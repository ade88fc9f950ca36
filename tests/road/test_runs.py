"""What a run leaves behind, what it says when it fails, and that two at once never mix."""

import json
import re
import subprocess
import tempfile

import nbformat
import papermill
import pytest
from steps import MONTH, command, copy, files, pa, run, write_report

pytestmark = pytest.mark.slow
SECRET = "anneliese.zwirn@example.org"
MOST = 600_000
"""Bytes of a report's page."""


def failed(root, report):
    return nbformat.read(root / "runs" / MONTH / report / "failed.ipynb", as_version=4)


def test_a_page_is_small(demo):
    pages = sorted((demo.root / "runs").rglob("report.html"))
    assert {page.parents[1].name for page in pages} == {"usage_report", "case_study"}
    assert [page.parent.parent.name for page in pages if page.stat().st_size > MOST] == []


def test_a_run_leaves_a_notebook_to_hand_on(demo):
    for page in sorted((demo.root / "runs").rglob("report.html")):
        book = nbformat.read(page.with_name("report.ipynb"), as_version=4)
        nbformat.validate(book)
        assert set(book.metadata) == {"kernelspec", "language_info"}
        assert [cell.source for cell in book.cells if cell.id == "given"] == [
            f"# The parameters of this run.\nmonth = '{page.parents[2].name}'"
        ]
        assert str(demo.root) not in nbformat.writes(book)
        assert any(cell.outputs for cell in book.cells if cell.cell_type == "code")


@pytest.mark.service
def test_a_failure_names_the_cell_its_heading_and_the_error_alone(reported, tmp_path):
    root = copy(reported, tmp_path / "w")
    leaky = f"who = '@'.join({SECRET.split('@')})\nwho\nraise LookupError(who)"
    write_report(root, "broken", "## Who came back?", "'a figure'", leaky)
    done = run(root, "broken")
    assert done.returncode == 50
    assert done.stderr.splitlines()[-1].startswith("pa: Cell 5 of broken.ipynb (Who came back?) failed with a LookupEr")
    assert SECRET not in done.stdout + done.stderr
    book = failed(root, "broken")
    assert [output.output_type for cell in book.cells for output in cell.get("outputs", [])] == ["error"]
    assert SECRET not in nbformat.writes(book)


@pytest.mark.service
def test_an_error_of_ours_that_a_cell_raises_keeps_its_text_to_itself(reported, tmp_path):
    root = copy(reported, tmp_path / "w")
    raised = f"from privacy_analytics import errors\nraise errors.UsageError('@'.join({SECRET.split('@')}))"
    write_report(root, "broken", raised)
    done = run(root, "broken")
    assert done.returncode == 50
    assert SECRET not in done.stdout + done.stderr + nbformat.writes(failed(root, "broken"))


@pytest.mark.service
def test_a_cell_that_takes_too_long_is_ended(reported, tmp_path):
    root = copy(reported, tmp_path / "w")
    write_report(root, "endless", "## Forever", "while True:\n    pass")
    done = run(root, "endless", "--timeout", 1)
    assert done.returncode == 50
    assert "did not get past cell 4 (Forever): CellTimeoutError" in done.stderr
    left = [output for cell in failed(root, "endless").cells for output in cell.get("outputs", [])]
    assert [(output.output_type, output.traceback) for output in left] in ([], [("error", [])])


@pytest.mark.service
def test_code_that_no_report_needs_is_refused_before_a_kernel_starts(reported, tmp_path):
    root = copy(reported, tmp_path / "w")
    write_report(root, "reads", "import polars")
    done = run(root, "reads")
    assert done.returncode == 2
    assert "Cell 3 imports something" in done.stderr
    assert [each.name for each in (root / "runs" / MONTH / "reads").iterdir()] == ["attempts"]


@pytest.mark.service
def test_a_run_is_remembered_nowhere_but_in_its_folder(reported, tmp_path):
    """Kernel history, checkpoints, connection files, profiles: at home, in the workspace, in the temporary folder."""
    root, home, temporary = copy(reported, tmp_path / "w"), tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    before = files(root)
    done = pa(
        *("run", "usage_report", "-w", root, "--month", MONTH),
        HOME=str(home),
        TMPDIR=str(temporary),
        XDG_CONFIG_HOME=str(home),
        XDG_DATA_HOME=str(home),
    )
    assert done.returncode == 0, done.stderr
    assert files(home) == files(temporary) == {}
    new = files(root).keys() - before.keys()
    assert {name for name in new if not re.search("sqlite|/attempts/", name)} == set()


@pytest.mark.service
def test_a_kernel_speaks_in_cipher_and_remembers_nothing(tmp_path):
    source = (
        "import json\nfrom ipykernel.connect import get_connection_file\n"
        "spoken = json.load(open(get_connection_file()))\n"
        "print(bool(spoken.get('curve_publickey')), get_ipython().history_manager.enabled)"
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    ran = papermill.execute_notebook(book, None, engine_name="privacy", kernel_name="python3", progress_bar=False)
    assert ran.cells[0].outputs[0].text == "True False\n"


@pytest.mark.service
def test_two_runs_at_once_never_mix(reported, tmp_path):
    roots = {product: copy(reported, tmp_path / product) for product in ("Aurora", "Borealis")}
    for product, root in roots.items():
        settings = root / "workspace.toml"
        settings.write_text(settings.read_text().replace('product = "Assistant"', f'product = "{product}"'))
        write_report(root, "other", f"## Only in {product}")
    started = [
        subprocess.Popen(
            command("run", report, "-w", root, "--month", MONTH),
            cwd=tempfile.gettempdir(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for root in roots.values()
        for report in ("usage_report", "other")
    ]
    said = [process.communicate(timeout=600)[0] for process in started]
    assert [process.returncode for process in started] == [0] * 4, said
    assert [text.count("spent 0") for text in said] == [1] * 4
    for product, root in roots.items():
        newest = {report: max((root / "runs" / MONTH / report).glob("[0-9]*")) for report in ("usage_report", "other")}
        pages = {report: (folder / "report.html").read_text() for report, folder in newest.items()}
        assert f"Only in {product}" in pages["other"]
        assert "data-fragment" not in pages["other"]
        assert "data-fragment" in pages["usage_report"]
        other = next(name for name in roots if name != product)
        everything = "".join(path.read_text() for folder in newest.values() for path in sorted(folder.iterdir()))
        assert product in everything
        assert other not in everything
        assert json.loads((newest["other"] / "manifest.json").read_text())["report"] == "other"
