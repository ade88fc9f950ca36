"""What the sample's telemetry tells: a rhythm, heavy tails, and the stories that an analyst can find in it."""

from datetime import UTC, datetime
from random import Random

import numpy as np
import polars as pl
import pytest

from privacy_analytics.sample.accounts import write_accounts
from privacy_analytics.sample.askers import askers
from privacy_analytics.sample.projects import write_projects
from privacy_analytics.sample.telemetry import Calendar, write_events


@pytest.fixture(scope="module")
def events():
    rng, calendar = np.random.default_rng(7), Calendar(datetime(2026, 9, 1, tzinfo=UTC), (30, 31))
    return write_events(rng, write_accounts(rng, 20_000, calendar.start, calendar.days), calendar)


def test_events_are_heavy_tailed_and_not_too_many(events):
    each = events.group_by("account_id").len().sort("len", descending=True)["len"]
    assert 500_000 < events.height < 800_000
    assert each.head(len(each) // 100).sum() > 0.10 * events.height
    assert each.max() > 2_000
    assert each.median() < 30


def test_weekends_are_busier_and_a_few_sessions_are_unnamed(events):
    day = events.group_by(pl.col("occurred_at").dt.date()).agg(pl.col("account_id").n_unique())
    weekend = pl.col("occurred_at").dt.weekday() >= 6
    assert day.filter(weekend)["account_id"].mean() > 1.15 * day.filter(~weekend)["account_id"].mean()
    assert 0.05 < events["session_id"].null_count() / events.height < 0.2


def test_a_new_feature_spreads_from_the_middle_of_the_first_month(events):
    new = events.filter(pl.col("feature") == "stem_splitter")
    assert new["occurred_at"].min() > datetime(2026, 9, 15, tzinfo=UTC)
    users = new.group_by(pl.col("occurred_at").dt.month()).agg(pl.col("account_id").n_unique()).sort("occurred_at")
    first, second = users["account_id"]
    assert second > 2 * first > 300


def test_who_took_up_the_new_feature_opens_more_sessions_and_accepts_more_and_others_do_not(events):
    splits, october = pl.col("feature") == "stem_splitter", pl.col("occurred_at").dt.month() == 10
    opened, accepted = pl.col("event") == "app_opened", pl.col("event") == "suggestion_accepted"
    each = events.group_by("account_id").agg(
        new=(splits & october).any() & ~(splits & ~october).any(),
        opened=(opened & ~october).sum(),
        opened_later=(opened & october).sum(),
        accepted=(accepted & ~october).sum(),
        accepted_later=(accepted & october).sum(),
    )
    there = each.filter(pl.col("opened") > 0, pl.col("opened_later") > 0)
    change = (pl.col("opened_later").sum() / pl.col("opened").sum()).alias("opened")
    more = (pl.col("accepted_later").sum() / pl.col("accepted").sum()).alias("accepted")
    (same, as_many), (up, more_of_them) = there.group_by("new").agg(change, more).sort("new").drop("new").rows()
    assert 0.92 < same < 1.08
    assert 0.9 < as_many < 1.1
    assert 1.25 < up < 1.55
    assert more_of_them > 1.5


def test_an_event_in_seventy_shows_an_error_and_more_of_the_newest_version(events):
    shown = events.group_by("app_version").agg((pl.col("event") == "error_shown").mean())
    by_version = dict(shown.iter_rows())
    assert 0.012 < (events["event"] == "error_shown").mean() < 0.018
    assert by_version["2.6"] > 1.5 * by_version["2.5"]


@pytest.mark.parametrize(("feature", "topic"), [("stem_splitter", "recording"), ("mastering_preview", "mastering")])
def test_adopters_of_a_feature_ask_more_about_what_it_is_for(events, feature, topic):
    adopters = set(events.filter(pl.col("feature") == feature)["account_id"])
    asked = [(who in adopters, about == topic) for who, _, about in askers(np.random.default_rng(3), Random(3), events)]
    theirs, others = ([on for who, on in asked if who == adopted] for adopted in (True, False))
    assert sum(theirs) / len(theirs) > 1.7 * sum(others) / len(others)


def test_projects_have_the_tempos_of_their_genres_and_the_hosts_of_their_accounts(events):
    projects = write_projects(np.random.default_rng(3), events).with_columns(
        month=pl.col("saved_at").dt.strftime("%Y-%m")
    )
    assert projects.group_by("account_id", "month").len()["len"].max() <= 4
    active = events.select("account_id", month=pl.col("occurred_at").dt.strftime("%Y-%m")).unique()
    assert projects.join(active, on=["account_id", "month"], how="anti").is_empty()
    assert 0.6 < projects["account_id"].n_unique() / active["account_id"].n_unique() < 0.9
    near = {bpm: projects["bpm"].is_between(bpm - 3, bpm + 3).mean() for bpm in (124, 132, 140, 155, 174)}
    assert min(near[124], near[140]) > 5 * near[132]
    assert near[174] > 5 * near[155]
    assert 20 < projects["tracks"].median() < 28
    pairs = projects.select("account_id", "host").drop_nulls().unique()
    assert pairs.join(events.select("account_id", "host").unique(), on=["account_id", "host"], how="anti").is_empty()
