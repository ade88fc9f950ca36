"""When a version takes effect, what stops without its text, and that no version changes under collected data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from privacy_analytics import policy, workspace
from privacy_analytics.errors import PolicyError
from privacy_analytics.ingest.intake import ingest
from privacy_analytics.lake import Lake
from privacy_analytics.marketing.site import Site
from privacy_analytics.report.run import run
from privacy_analytics.settings import Settings, read

Later = Callable[..., Settings]
ACTIVE = {"month": "2026-10", "share": 0.2, "question": {"kind": "count_accounts", "table": "events"}}


@dataclass
class Unread:
    """Stands in for a scrubber of exports without a text."""

    tier = "standard"

    def scrub(self, *texts: Any) -> list[Any]:
        assert texts[0] == []
        return []


def take(settings: Settings, folder: Path, *days: str) -> None:
    folder.mkdir(exist_ok=True)
    rows = [{"account_id": day, "occurred_at": f"{day}T12:00:00Z", "event": "app_opened"} for day in days]
    (folder / "events.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    ingest(settings, folder, scrubber=Unread())


@pytest.mark.clause("11.notice")
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
@pytest.mark.parametrize(
    ("posted", "effective"),
    [
        ("2026-03-01", "2026-03-15"),  # clocks change in Los Angeles on 8 March
        ("2026-09-20", "2026-10-04"),  # and in Auckland on 27 September
        ("2028-02-15", "2028-02-29"),
        ("2027-02-15", "2027-03-01"),
        ("2026-12-20", "2027-01-03"),
    ],
)
def test_a_version_takes_effect_14_days_after_it_was_posted_at_midnight_utc(
    tmp_path: Path, later: Later, zone: str, posted: str, effective: str
):
    first = workspace.create(
        tmp_path / "w", product="P", contact_email="a@b.example", timezone=zone, posted=date(2026, 1, 1)
    )
    settings = later(first, posted)
    begins = datetime.fromisoformat(effective).replace(tzinfo=UTC)
    assert begins - datetime.fromisoformat(posted).replace(tzinfo=UTC) == timedelta(days=14)
    for at, version in (
        (begins - timedelta(days=1), "1.0"),
        (begins - timedelta(microseconds=1), "1.0"),
        (begins, "1.1"),
        (begins + timedelta(days=1), "1.1"),
    ):
        for clock in (at, at.astimezone(settings.zone), at.astimezone(ZoneInfo("Asia/Kolkata"))):
            assert policy.in_force(settings, clock).version == version, clock


@pytest.mark.clause("1.version")
def test_rows_and_releases_carry_the_version_that_was_in_force(
    tmp_path: Path, empty: Settings, later: Later, curator_of: Callable[..., Any]
):
    settings = later(empty, "2026-10-01")
    take(settings, tmp_path / "export", "2026-10-02", "2026-10-14", "2026-10-15", "2026-10-30")
    lake = Lake(settings.path("lake"))
    rows = lake.scan("events", "2026-10", lake.batches()).sort("occurred_at").collect()
    assert rows["policy"].to_list() == ["1.0", "1.0", "1.1", "1.1"]
    released = curator_of(settings).call("release", ACTIVE)["releases"]["answer"]
    assert released["recorded"]["policy"] == "1.1"


@pytest.mark.clause("12.placeholders")
@pytest.mark.parametrize("step", ["ingest", "run", "publish", "release"])
@pytest.mark.parametrize("left", ["[Date]", "[Your Email Address]"])
def test_an_unfilled_placeholder_stops_ingest_runs_and_publishing_with_what_to_set(
    tmp_path: Path, october: Settings, later: Later, curator_of: Callable[..., Any], step: str, left: str
):
    slot = "Email:** {contact_email}" if "Email" in left else "Last Updated: {posted}"
    settings = later(october, "2026-03-01", (slot, f"{slot.partition('{')[0]}{left}"))
    steps: dict[str, Callable[[], Any]] = {
        "ingest": lambda: take(settings, tmp_path / "export", "2026-10-02"),
        "run": lambda: run(settings, "usage_report", month="2026-10", snapshot="2026-10.r0", parameters={}),
        "publish": lambda: Site(settings, date(2026, 11, 23)).build(),
        "release": lambda: curator_of(settings).call("release", ACTIVE),
    }
    if step == "run":
        settings.path("notebooks").mkdir()
        book = Path(__file__).resolve().parents[3] / "notebooks" / "usage_report.ipynb"
        settings.path("notebooks", "usage_report.ipynb").write_bytes(book.read_bytes())
    before = sorted(Lake(settings.path("lake")).batches())
    with pytest.raises(PolicyError, match=r"in policy/1\.1\.toml is not filled in .*Write \{effective\}") as no:
        steps[step]()
    assert str(no.value).startswith(left)
    assert no.value.exit_code == 10
    assert sorted(Lake(settings.path("lake")).batches()) == before
    assert not settings.path("private", "policy.json").exists()


def test_a_version_is_written_down_with_its_document_when_data_is_first_collected(tmp_path: Path, empty: Settings):
    assert policy.ready(empty).version == "1.0"
    assert not empty.path("private", "policy.json").exists()
    take(empty, tmp_path / "export", "2026-10-02")
    kept = json.loads(empty.path("private", "policy.json").read_text())
    shipped = policy.document(empty, "1.0")
    assert kept == {"1.0": {"posted": "2026-01-01", "effective": "2026-01-01", "sha256": shipped.sha256}}
    assert shipped.source == "policy/1.0.toml"
    assert empty.path("private", "policy.json").stat().st_mode & 0o777 == 0o600


def _text(settings: Settings) -> None:
    file = settings.path("policy", "1.0.toml")
    file.write_text(file.read_text().replace("18 years", "16 years"))


def _matrix(settings: Settings) -> None:
    file = settings.path("policy", "1.0.toml")
    file.write_text(file.read_text().replace('datasets = ["messages"]', 'datasets = ["messages", "support"]'))


def _date(settings: Settings) -> None:
    file = settings.path("workspace.toml")
    file.write_text(file.read_text().replace("posted = 2026-01-01", "posted = 2025-12-01"))


def _number(settings: Settings) -> None:
    file = settings.path("workspace.toml")
    file.write_text(file.read_text().replace('version = "1.0"', 'version = "1.5"'))


@pytest.mark.clause("11.record")
@pytest.mark.parametrize("changed", [_text, _matrix, _date, _number])
def test_a_version_that_data_was_collected_under_does_not_change(
    october: Settings, curator_of: Callable[..., Any], changed: Callable[[Settings], None]
):
    first = curator_of(october).call("release", ACTIVE)
    before = {name: october.path(*name).read_bytes() for name in (("policy", "1.0.toml"), ("workspace.toml",))}
    changed(october)
    with pytest.raises(PolicyError) as refused:
        curator_of(read(october.root)).call("release", ACTIVE)
    assert str(refused.value) == (
        "Policy 1.0 was changed after data was collected under it (policy §11). Put it back, and add a new version for "
        "the change."
    )
    for name, content in before.items():
        october.path(*name).write_bytes(content)
    assert curator_of(read(october.root)).call("release", ACTIVE)["releases"] == first["releases"]


def test_a_version_not_yet_in_force_may_still_change(october: Settings, later: Later, curator_of: Callable[..., Any]):
    settings = later(october, "2026-11-20")
    curator_of(settings).call("release", ACTIVE)
    file = settings.path("policy", "1.1.toml")
    file.write_text(file.read_text().replace("18 years", "21 years"))
    assert policy.ready(settings).version == "1.0"


@pytest.mark.clause("11.new_purpose")
def test_a_new_purpose_counts_only_rows_collected_since_it_took_effect(
    workspace_with: Callable[..., Settings], events: Any, later: Later, curator_of: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    """The rows of 40 accounts came under 1.0, of 30 before versions were written down, of 20 under 1.1."""
    parts = [
        events(range(start, stop)).with_columns(policy=pl.lit(version, pl.String))
        for start, stop, version in ((0, 40, "1.0"), (40, 70, None), (70, 90, "1.1"))
    ]
    settings = later(workspace_with(pl.concat(parts)), "2026-10-01", training=True)
    counted: list[int] = []
    from privacy_analytics.counting import LakeEngine

    honest = LakeEngine.sums

    def watched(engine: LakeEngine, bounded: Any) -> Any:
        sums = honest(engine, bounded)
        counted.append(int(sums.n.sum()))
        return sums

    monkeypatch.setattr(LakeEngine, "sums", watched)
    asked = {
        purpose: curator_of(settings).call("release", ACTIVE | {"purpose": purpose})
        for purpose in ("usage", "training")
    }
    assert counted == [90, 20]
    assert asked["usage"]["releases"]["answer"]["key"] != asked["training"]["releases"]["answer"]["key"]
    again = curator_of(settings).call("release", ACTIVE | {"purpose": "training"})
    assert (again["nano_rho"], again["releases"]) == (0, asked["training"]["releases"])
