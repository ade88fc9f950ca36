"""The monthly report in Airflow 3: two ways, of which the first publishes.

``report`` calls ``pa run --scheduled``, which freezes the month, runs once whatever is retried, publishes by a standing
approval and tells people. Exit code 75 means *try later*; every other failure waits for a person.

``NotebookOperator`` is for notebooks that stay inside. It does what Airflow's PapermillOperator does, with our engine,
which that one cannot be told of: encrypted kernel transport, and errors without values.
"""

import os
import subprocess
from datetime import UTC, datetime, timedelta

import papermill
from airflow.exceptions import AirflowException, AirflowFailException
from airflow.sdk import BaseOperator, dag, task

PA = os.environ.get("PA", "/opt/privacy-analytics/bin/pa")
WORKSPACE = os.environ.get("PRIVACY_ANALYTICS_WORKSPACE", "/srv/analytics/company")
TRY_LATER = 75
EVERY, TRIES = timedelta(minutes=15), 3 * 24 * 4  # as long as schedule.wait_hours


@task(retries=TRIES, retry_delay=EVERY)
def report(name: str) -> None:
    """Run, gate and publish; calling it again costs nothing."""
    line = [PA, "run", name, "-w", WORKSPACE, "--scheduled", "--publish", "N. N., privacy officer"]
    code = subprocess.run(line, check=False).returncode  # noqa: S603
    if code == TRY_LATER:
        raise AirflowException("The month's files are awaited, or somebody else is at work.")
    if code:
        raise AirflowFailException(f"pa run exited with {code}. See: pa runs list")


class NotebookOperator(BaseOperator):
    """A notebook of the workspace, run by papermill with the engine ``privacy``."""

    template_fields = ("input_nb", "output_nb", "parameters")

    def __init__(self, *, input_nb: str, output_nb: str, parameters: dict[str, str], **more: object) -> None:
        super().__init__(**more)
        self.input_nb, self.output_nb, self.parameters = input_nb, output_nb, parameters

    def execute(self, context: object) -> str:  # noqa: ARG002  # Airflow's signature
        """Return where the executed notebook lies; it has passed no gate, so keep it where the workspace is."""
        papermill.execute_notebook(
            self.input_nb,
            self.output_nb,
            parameters={"workspace": WORKSPACE, **self.parameters},
            engine_name="privacy",
            kernel_name="python3",
            progress_bar=False,
        )
        return self.output_nb


@dag(schedule="0 2 1 * *", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False, max_active_runs=1)
def privacy_analytics() -> None:
    """On the 1st at 02:00, for the month before, as the workspace's time zone has it."""
    report("usage_report") >> NotebookOperator(
        task_id="explore",
        input_nb=f"{WORKSPACE}/notebooks/explore.ipynb",
        output_nb=f"{WORKSPACE}/private/explore.ipynb",
        parameters={"month": ""},
    )


privacy_analytics()
