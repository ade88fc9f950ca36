"""SIGKILL at any moment: nothing half, nothing paid twice, and the next run completes. Long: benchmarks/kills.py."""

import kills
import pytest
from steps import copy

pytestmark = [pytest.mark.slow, pytest.mark.long]


def test_an_intake_killed_at_any_moment_leaves_all_or_nothing(fresh, filled, tmp_path):
    export = fresh.parent / "export"
    length = kills.seconds(kills.ingest(copy(fresh, tmp_path / "timed"), export))
    root = copy(fresh, tmp_path / "w")
    kills.survive(kills.ingest(root, export), root, kills.moments(4, length, seed=7), kills.check_lake)
    kills.ingested(root, export)
    kills.check_same_rows(root, filled)


def test_a_run_killed_at_any_moment_pays_no_answer_twice(filled, tmp_path):
    undisturbed, root = copy(filled, tmp_path / "undisturbed"), copy(filled, tmp_path / "w")
    length = kills.seconds(kills.report(undisturbed))
    kills.survive(kills.report(root), root, kills.moments(3, length, seed=7), kills.check_releases)
    kills.settled(root)
    kills.check_same_questions(root, undisturbed)


def test_a_scheduled_job_killed_at_any_moment_publishes_one_report_and_its_records_tell_the_truth(filled, tmp_path):
    undisturbed, root = copy(filled, tmp_path / "undisturbed"), copy(filled, tmp_path / "w")
    length = kills.seconds(kills.job(undisturbed))
    kills.survive(kills.job(root), root, kills.moments(3, length, seed=7), kills.check_jobs)
    kills.done(root)
    kills.check_same_questions(root, undisturbed)
