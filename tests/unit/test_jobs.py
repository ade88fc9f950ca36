"""A job from end to end, with a kernel that shows nothing: once, beside others, published, and when it fails."""

from __future__ import annotations

import json
from dataclasses import replace

import nbformat
import pytest
from click.testing import CliRunner

from privacy_analytics.audit import AuditLog
from privacy_analytics.cli.report import run as command
from privacy_analytics.cli.report import worst
from privacy_analytics.errors import NotebookError, TryLater, UsageError
from privacy_analytics.jobs import Job, Terms, do, jobs, parameter_sets
from privacy_analytics.report import execution, manifest
from privacy_analytics.report.attempts import attempts
from privacy_analytics.settings import Schedule

MONTH = "2026-10"
JOB, ONCE = Job("usage", MONTH), Terms(scheduled=True)
PARAMETERS = 'month: str = ""\ngroup: str = "plan:studio"\nspend: float = 0.5'


def write(settings, name, prose="Fine."):
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Usage", id="a"),
            nbformat.v4.new_code_cell(PARAMETERS, id="b", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_markdown_cell(prose, id="c"),
        ]
    )
    settings.path("notebooks").mkdir(exist_ok=True)
    nbformat.write(book, settings.path("notebooks", f"{name}.ipynb"))


@pytest.fixture
def kernels(monkeypatch):
    """The notebooks that a kernel was started for; one that says *Breaks.* kills it."""
    started = []

    def execute(_, book, *__, **___):
        started.append(book)
        if "Breaks." in book.cells[-1].source:
            raise RuntimeError

    monkeypatch.setattr(execution.papermill_engines, "execute_notebook_with_engine", execute)
    return started


@pytest.fixture
def house(october, kernels):
    write(october, "usage")
    return october


def places(settings):
    return sorted(str(page.parent.relative_to(settings.path("runs"))) for page in settings.path("runs").rglob("*.html"))


def test_a_scheduled_job_runs_once_and_an_interactive_one_whenever_it_is_asked(house, kernels):
    first, second = do(house, JOB, ONCE), do(house, JOB, ONCE)
    assert (first.attempt.stood, second.attempt.stood) == (False, True)
    assert first.run.folder == second.run.folder
    assert len(kernels) == 1
    do(house, JOB, Terms())
    do(house, JOB, replace(ONCE, again=True))
    assert len(kernels) == 3
    assert places(house) == ["2026-10/usage/001"]


@pytest.mark.long
@pytest.mark.parametrize("changed", ["notebook", "parameters", "version", "page", "product"])
def test_a_scheduled_job_runs_again_where_anything_of_it_has_changed(house, kernels, changed, monkeypatch):
    folder, job = do(house, JOB, ONCE).run.folder, JOB
    if changed == "notebook":
        write(house, "usage", "Finer.")
    elif changed == "parameters":
        job = Job("usage", MONTH, parameters={"spend": "0.3"})
    elif changed == "version":
        monkeypatch.setattr(manifest, "version", lambda _: "9.9")
    elif changed == "page":
        (folder / "report.html").write_text("other")
    else:
        house = replace(house, product="Other")
    assert not do(house, job, ONCE).attempt.stood
    assert len(kernels) == 2


@pytest.mark.long
def test_every_parameter_set_has_a_place_of_its_own_in_runs_and_on_the_site(house, tmp_path):
    (tmp_path / "sets.toml").write_text('[mix]\ngroup = "adopters:mix_assist"\n[studio]\nspend = 0.3\n')
    named = parameter_sets(tmp_path / "sets.toml")
    assert named == {"mix": {"group": "adopters:mix_assist"}, "studio": {"spend": "0.3"}}
    made = [Job("usage", MONTH, parameters={"group": "plan:studio"}), *jobs(house, ["usage"], [MONTH], named)]
    pages = [do(house, job, replace(ONCE, publish_as="N. N.")).page for job in made]
    lie = [f"{MONTH}/usage{name}" for name in ("-plan-studio", "-mix", "-studio")]
    assert places(house) == sorted(f"{place}/001" for place in lie)
    assert [str(page.parent.relative_to(house.path("published"))) for page in pages] == lie


def test_two_runs_never_share_a_place(house):
    given = {"a": {"group": "plan:studio"}, "b": {"group": "plan:studio"}}
    assert len(jobs(house, ["usage"], [MONTH, "2026-09"], given)) == 4
    with pytest.raises(UsageError, match="in one place"):
        jobs(house, ["usage", "usage"], [MONTH], {})
    with pytest.raises(UsageError, match="--month"):
        jobs(house, ["usage"], [MONTH], {"": {"month": "2026-09"}})
    with pytest.raises(UsageError, match="parameter set is named"):
        jobs(house, ["usage"], [MONTH], {"../up": {}})


@pytest.mark.parametrize("text", ["", "group = 'x'", "[a", "[a]\n[a]"])
def test_a_file_that_holds_no_parameter_sets_is_refused(tmp_path, text):
    (tmp_path / "sets.toml").write_text(text)
    with pytest.raises(UsageError, match=r"sets\.toml"):
        parameter_sets(tmp_path / "sets.toml")


def test_one_that_fails_does_not_stop_the_others_and_the_worst_is_the_exit_code(house):
    write(house, "broken", "Breaks.")
    line = ["broken", "missing", "usage", "--month", MONTH, "-w", str(house.root)]
    done = CliRunner().invoke(command, line)
    assert done.exit_code == 50
    assert [row.split()[0] for row in done.stdout.splitlines()] == ["broken", "missing", "usage", "report"]
    assert places(house) == ["2026-10/usage/001"]
    (failed,) = attempts(house.path("runs", MONTH, "broken"))
    assert (failed.state, failed.exit_code, failed.error) == ("failed", 50, "RuntimeError")


@pytest.mark.parametrize(
    ("codes", "code"), [([0, 0], 0), ([0, 75], 75), ([75, 2, 0], 2), ([50, 20, 75], 50), ([1, 0], 1)]
)
def test_a_failure_is_worse_than_waiting_and_the_highest_is_the_worst(codes, code):
    assert worst(codes) == code


@pytest.mark.long
def test_publishing_again_what_the_site_shows_changes_nothing(house):
    terms = replace(ONCE, publish_as="N. N.")
    page = do(house, JOB, terms).page
    before = page.with_name("manifest.json").read_bytes()
    assert do(house, JOB, terms).page == page
    assert page.with_name("manifest.json").read_bytes() == before
    assert [entry.action for entry in AuditLog(house).entries()].count("publish") == 1


def test_what_was_made_and_not_published_is_published_by_the_next_call(house):
    do(house, JOB, ONCE)
    terms = replace(ONCE, publish_as="N. N.")
    assert do(house, JOB, terms).page.exists()
    house.path("published", "index.html").unlink()  # it died before the index
    assert do(house, JOB, terms).page.exists()
    assert "usage/index.html" in house.path("published", "index.html").read_text()


def test_a_revision_takes_the_place_of_its_month_and_nothing_older_takes_its(house, events, add, caplog):
    terms = replace(ONCE, publish_as="N. N.")
    do(house, JOB, terms)
    add(house, events=events([9], day=9))
    revised = do(house, JOB, replace(terms, revise=True))
    assert revised.attempt.snapshot == f"{MONTH}.r1"
    assert json.loads((revised.run.folder / "manifest.json").read_text())["parameters"] == {"month": f"{MONTH}.r1"}
    shown = revised.page.read_bytes()
    assert shown == revised.run.html.read_bytes()
    older = do(house, JOB, terms)
    assert (older.attempt.stood, older.page) == (True, None)
    assert f"the site shows {MONTH}.r1" in caplog.text
    assert revised.page.read_bytes() == shown


def test_a_job_waits_for_the_months_files_and_one_that_is_asked_does_not(house):
    waits = replace(house, operating=replace(house.operating, schedule=Schedule(("events",), 24 * 28)))
    with pytest.raises(TryLater):
        do(waits, JOB, ONCE)
    (waiting,) = attempts(house.path("runs", MONTH, "usage"))
    assert (waiting.state, waiting.exit_code, waiting.snapshot) == ("waiting", 75, "")
    assert do(waits, JOB, Terms()).attempt.provisional


@pytest.mark.long
def test_a_dead_kernel_is_a_failure_and_replaces_nothing(house):
    do(house, JOB, ONCE)
    write(house, "usage", "Breaks.")
    with pytest.raises(NotebookError):
        do(house, JOB, ONCE)
    assert places(house) == ["2026-10/usage/001"]
    assert [each.state for each in attempts(house.path("runs", MONTH, "usage"))] == ["finished", "failed"]
