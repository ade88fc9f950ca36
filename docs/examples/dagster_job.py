"""The monthly report in Dagster: ``pa run --scheduled`` as an op, tried again where it says *try later* (75).

``dagster dev -f dagster_job.py``
"""

import os
import subprocess

from dagster import Definitions, Failure, RetryRequested, ScheduleDefinition, job, op

PA = os.environ.get("PA", "/opt/privacy-analytics/bin/pa")
WORKSPACE = os.environ.get("PRIVACY_ANALYTICS_WORKSPACE", "/srv/analytics/company")
TRY_LATER = 75
EVERY, TRIES = 15 * 60, 3 * 24 * 4  # as long as schedule.wait_hours


@op
def usage_report() -> None:
    """Run, gate and publish; calling it again costs nothing."""
    line = [PA, "run", "usage_report", "-w", WORKSPACE, "--scheduled", "--publish", "N. N., privacy officer"]
    code = subprocess.run(line, check=False).returncode  # noqa: S603
    if code == TRY_LATER:
        raise RetryRequested(max_retries=TRIES, seconds_to_wait=EVERY)
    if code:
        raise Failure(f"pa run exited with {code}. See: pa runs list", allow_retries=False)


@job
def monthly() -> None:
    """For the month before, as the workspace's time zone has it."""
    usage_report()


defs = Definitions(
    jobs=[monthly],
    schedules=[ScheduleDefinition(job=monthly, cron_schedule="0 2 1 * *", execution_timezone="UTC")],
)
