"""The examples of schedulers, each run against stand-ins of its scheduler's names: what they call is real."""

import fcntl
import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import nbformat
import pytest
from steps import MONTH, answers, copy, write_report

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PA = Path(sys.executable).with_name("pa")
pytestmark = [pytest.mark.slow, pytest.mark.long]


class Told(Exception):
    """What a stand-in for a scheduler's exception was given."""

    def __init__(self, *said, **more):
        super().__init__(*said)
        self.more = more


def kept(function=None, **options):
    """A stand-in for @task, @flow, @op, @job: keeps the options, and leaves the function a function."""
    if function is None:
        return lambda each: kept(each, **options)
    function.options = options
    return function


def noted(calls):
    """A stand-in for Airflow's @task: called in a DAG, a task is noted, and runs nothing."""

    def decorate(**options):
        def made(function):
            def call(*arguments):
                calls.append((function.__name__, arguments))
                return call

            call.function, call.options = function, options
            return call

        return made

    return decorate


def run_at_once(calls):
    """A stand-in for @dag, which calls the function to see what is in it."""

    def decorate(**options):
        calls.append(("dag", options))
        return lambda function: function

    return decorate


class Operator:
    """A stand-in for Airflow's BaseOperator: an operator in a row of others."""

    def __init__(self, **options):
        self.options = options

    def __rrshift__(self, other):
        return self


@pytest.fixture
def example(reported, tmp_path, monkeypatch):
    """``example("airflow_dag", {"airflow.sdk": {...}})``: the file's names, run beside stand-ins, on a workspace."""
    root = copy(reported, tmp_path / "w")
    monkeypatch.setenv("PA", str(PA))
    monkeypatch.setenv("PRIVACY_ANALYTICS_WORKSPACE", str(root))
    settings = root / "workspace.toml"
    settings.write_text(settings.read_text().replace("privacy@localhost", "privacy@example.com"))

    def made(name, modules):
        for module, names in modules.items():
            stands_in = ModuleType(module)
            vars(stands_in).update(names)
            monkeypatch.setitem(sys.modules, module, stands_in)
        return SimpleNamespace(**runpy.run_path(str(EXAMPLES / f"{name}.py")), root=root)

    return made


@pytest.fixture
def held(reported):
    """``held(root)``: somebody else runs the report, inside."""

    def locked(root):
        lock = (root / "runs" / MONTH / "usage_report" / ".lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    return locked


def is_published(root):
    return (root / "published" / MONTH / "usage_report" / "index.html").exists()


def test_airflow_publishes_tries_later_and_fails_for_good(example, held, tmp_path):
    calls = []
    kinds = {name: type(name, (Told,), {}) for name in ("AirflowException", "AirflowFailException")}
    sdk = {"BaseOperator": Operator, "dag": run_at_once(calls), "task": noted(calls)}
    dag = example("airflow_dag", {"airflow": {}, "airflow.exceptions": kinds, "airflow.sdk": sdk})
    (_, options), called = calls
    assert called == ("report", ("usage_report",))
    assert options["schedule"] == "0 2 1 * *"
    assert options["catchup"] is False
    with held(dag.root), pytest.raises(kinds["AirflowException"]):
        dag.report.function("usage_report")
    dag.report.function("usage_report")
    assert is_published(dag.root)
    write_report(dag.root, "broken", "raise LookupError")
    with pytest.raises(kinds["AirflowFailException"], match="exited with 50"):
        dag.report.function("broken")
    before = answers(dag.root)
    book = dag.root / "notebooks" / "usage_report.ipynb"
    operator = dag.NotebookOperator(
        task_id="x", input_nb=str(book), output_nb=str(tmp_path / "out.ipynb"), parameters={"month": MONTH}
    )
    executed = nbformat.read(operator.execute({}), as_version=4)
    assert any(cell.get("outputs") for cell in executed.cells)
    assert answers(dag.root) == before


def test_prefect_publishes_and_tries_again_what_is_early_alone(example, held):
    flow = example("prefect_flow", {"prefect": {"flow": kept, "task": kept}})
    with held(flow.root), pytest.raises(flow.TryLater):
        flow.report("usage_report")
    flow.report("usage_report")
    assert is_published(flow.root)
    write_report(flow.root, "broken", "raise LookupError")
    with pytest.raises(RuntimeError, match="exited with 50"):
        flow.report("broken")

    def ended(error):
        def result():
            if error:
                raise error

        return SimpleNamespace(result=result)

    asked = flow.report.options["retry_condition_fn"]
    assert [asked(None, None, ended(each)) for each in (flow.TryLater(), RuntimeError(), None)] == [True, False, False]


def test_dagster_publishes_asks_for_a_retry_and_fails_for_good(example, held):
    names = {name: type(name, (Told,), {}) for name in ("Failure", "RetryRequested")}
    names |= dict.fromkeys(("Definitions", "ScheduleDefinition"), SimpleNamespace)
    job = example("dagster_job", {"dagster": names | {"op": kept, "job": kept}})
    assert [schedule.cron_schedule for schedule in job.defs.schedules] == ["0 2 1 * *"]
    with held(job.root), pytest.raises(names["RetryRequested"]) as asked:
        job.monthly()
    assert asked.value.more == {"max_retries": 288, "seconds_to_wait": 900}
    job.monthly()
    assert is_published(job.root)
    write_report(job.root, "usage_report", "raise LookupError")
    with pytest.raises(names["Failure"], match="exited with 50") as failed:
        job.monthly()
    assert failed.value.more == {"allow_retries": False}
