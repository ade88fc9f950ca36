"""The monthly report in Prefect 3: ``pa run --scheduled`` as a task, tried again where it says *try later* (75).

``python prefect_flow.py`` serves it: on the 1st at 02:00, for the month before, as the workspace's time zone has it.
"""

import os
import subprocess
from typing import Any

from prefect import flow, task

PA = os.environ.get("PA", "/opt/privacy-analytics/bin/pa")
WORKSPACE = os.environ.get("PRIVACY_ANALYTICS_WORKSPACE", "/srv/analytics/company")
TRY_LATER = 75
EVERY, TRIES = 15 * 60, 3 * 24 * 4  # as long as schedule.wait_hours


class TryLater(Exception):
    """The month's files are awaited, or somebody else is at work."""


def is_early(_task: Any, _run: Any, state: Any) -> bool:
    """Whether to try again: every other failure waits for a person."""
    try:
        state.result()
    except TryLater:
        return True
    except Exception:  # noqa: BLE001  # told by the task
        return False
    return False


@task(retries=TRIES, retry_delay_seconds=EVERY, retry_condition_fn=is_early)
def report(name: str) -> None:
    """Run, gate and publish; calling it again costs nothing."""
    line = [PA, "run", name, "-w", WORKSPACE, "--scheduled", "--publish", "N. N., privacy officer"]
    code = subprocess.run(line, check=False).returncode  # noqa: S603
    if code == TRY_LATER:
        raise TryLater
    if code:
        raise RuntimeError(f"pa run exited with {code}. See: pa runs list")


@flow(name="privacy-analytics")
def monthly() -> None:
    """One report after the other."""
    for name in ("usage_report", "case_study"):
        report(name)


if __name__ == "__main__":
    monthly.serve(name="monthly", cron="0 2 1 * *")
