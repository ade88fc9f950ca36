"""A statistic: what it says, what it is about, what it shows, and what it leaves as."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from privacy_analytics import claims
from privacy_analytics.dp.corrected import estimate
from privacy_analytics.errors import UsageError
from privacy_analytics.figures import render
from privacy_analytics.gate import Vouched, check
from privacy_analytics.marketing.statistics import Statistic, statistics
from privacy_analytics.marketing.terms import KINDS


def test_every_claim_of_a_run_has_its_verdict(said):
    assert [each.said.verdict for each in said] == ["clear"] * 4 + ["dropped", "unclear", "clear"]


def test_an_id_is_of_the_canonical_specification(said, store):
    assert all(re.fullmatch("s-[0-9a-f]{10}", each.id) for each in said)
    assert len({each.id for each in said}) == len(said)
    again = json.loads(json.dumps(said[0].spec, sort_keys=True))
    assert Statistic(again, store).id == said[0].id


def test_the_interval_stays_as_wide_as_it_was_among_all_that_were_tried(said, store):
    alone = {**said[0].spec, "options": {**said[0].spec["options"], "offered": 1}}
    wide, narrow = (re.findall(r"[\d.]+(?= to| %\))", each.sentence) for each in (said[0], Statistic(alone, store)))
    assert float(wide[0]) < float(narrow[0])
    assert float(wide[1]) > float(narrow[1])


def test_only_what_is_clear_or_level_is_a_sentence(said):
    for each in said:
        if each.said.verdict in ("clear", "level"):
            assert each.sentence == each.said.text
        else:
            with pytest.raises(UsageError):
                _ = each.sentence


def test_it_knows_its_month_group_and_features(said):
    assert (said[0].month, said[0].cohort, said[0].features) == ("2026-10", "adopters of Mix assist", ["mix_assist"])
    assert said[0].about == "October 2026 · Mix assist"
    assert said[3].features == ["chat"]
    assert said[6].features == []


@pytest.mark.parametrize(
    ("at", "renderer"), [(0, "claim"), (1, "claim_bars"), (2, "slopes"), (3, "figure"), (6, "claim")]
)
def test_its_picture_fits_its_form(said, store, at, renderer):
    assert said[at].picture["render"] == renderer
    assert render(said[at].picture, store)


def test_what_rose_most_is_shown_beside_the_month_before(run, answers, store, counted):
    cells = {("chat",): 9000.0, ("mix_assist",): 500.0}
    before = {
        "features": counted(answers["features"], "features_before", cells, "2026-09"),
        "everybody": counted(answers["everybody"], "all_before", {(): 12_400.0}, "2026-09"),
    }
    for each in before.values():
        store.put(each.id, each.to_json())
    tried = [claims.riser("features", "the share of accounts that used it", of="everybody"),
             claims.trend("everybody", "the number of active accounts")]  # fmt: skip
    riser, trend = statistics((run(answers, tried, before=before) / "report.html").read_text(), store)
    assert riser.features == ["mix_assist"]
    assert (riser.picture["render"], len(riser.picture["of"])) == ("figure", 2)
    assert trend.picture["render"] == "claim_bars"
    assert "September 2026" in render(trend.picture, store)


def test_every_file_of_it_passes_the_gate(said, store):
    for each in (said[1], said[2]):
        found = {
            kind: check(f"{each.id}.{kind}", each.export(kind), store, Vouched(drawn_from=each.picture))
            for kind in KINDS
        }
        assert not any(found.values()), found


def test_a_table_of_it_opens_as_numbers_and_runs_nothing(said):
    rows = list(csv.DictReader(io.StringIO(said[1].export("csv").decode())))
    assert {row["source"] for row in rows} == {"r-mdone", "r-mgroup", "r-mothersdone", "r-mothers"}
    assert all(float(row["low"]) < float(row["value"]) < float(row["high"]) for row in rows)
    assert rows[0]["counted"] == "Accounts in October 2026: adopters of Mix assist"
    assert not any(str(text).startswith(("=", "+", "-", "@")) for row in rows for text in row.values())


def test_a_json_of_it_holds_the_sentence_and_its_numbers(said):
    data = json.loads(said[0].export("json"))
    assert data["sentence"] == said[0].sentence
    assert [each["source"] for each in data["numbers"]] == ["r-mall", "r-mgroup"] or len(data["numbers"]) == 2
    assert data["claim"] == said[0].spec


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_number_changed_in_a_file_is_found(said, store, kind):
    spoiled = said[0].export(kind).replace(b"3000", b"3900")
    assert spoiled != said[0].export(kind)
    assert check(f"s.{kind}", spoiled, store, Vouched())


def test_a_sentence_that_is_not_supported_has_no_file(said, store):
    made = said[0].export("json")
    forged = json.loads(made) | {"claim": said[4].spec}
    assert check("s.json", json.dumps(forged).encode(), store, Vouched())
    with pytest.raises(UsageError):
        said[4].export("json")


def test_a_file_cannot_make_another_figure_pass_as_a_sentence(said, store):
    made = said[1].export("json").decode()
    forged = made.replace('"render": "claim"', '"render": "claim_bars"')
    assert forged != made
    assert check("s.json", forged.encode(), store, Vouched())


def test_a_statistic_is_found_by_all_words_in_any_case(said):
    assert said[0].matches(["MIX", "october"])
    assert not said[0].matches(["mix", "november"])


def test_bars_have_the_very_intervals_of_their_sentence(said, store):
    drawn = render(said[1].picture, store)
    assert f'aria-label="{said[1].sentence}"' in drawn
    claim, offered = said[1].spec["options"]["claim"], said[1].spec["options"]["offered"]
    group = estimate(claim["tree"][0], said[1].releases, 0.05 / offered / 2)
    low, _, high = re.search(r"([\d.]+)( to )([\d.]+) %\) against", said[1].sentence).groups()
    assert float(low) <= 100 * group.low <= 100 * group.high <= float(high)
    assert re.findall(r'class="key \w+">([^<]+)', drawn) == [
        "Adopters of Mix assist",
        "Active accounts without Mix assist",
    ]


def test_only_two_numbers_that_are_compared_have_bars(said, store):
    for at in (0, 2, 3, 4):
        with pytest.raises(UsageError):
            render(said[at].spec | {"render": "claim_bars"}, store)
