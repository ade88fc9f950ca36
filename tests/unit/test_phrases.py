import re
from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy_analytics import phrases
from privacy_analytics.dp.selection import WEIGHT, weight
from privacy_analytics.scrub.scrubber import FAILED

SCHEMA = {"account": pl.Int64, "account_hash": pl.Int64, "text": pl.String}
SALT = b"salt"


def said(*texts: tuple[int, str | None], words: int = 1) -> pl.DataFrame:
    rows = [(account, account * 0x9E3779B97F4A7C15 % 2**63, text) for account, text in texts]
    return phrases.of(pl.LazyFrame(rows, schema=SCHEMA, orient="row"), words)


def of(text: str | None, words: int = 1) -> set[str]:
    return set(said((1, text), words=words)["phrase"])


@pytest.mark.parametrize(
    ("text", "words", "phrases"),
    [
        ("Pan drum bus hard", 2, {"pan drum", "drum bus", "bus hard"}),
        ("How do I pan a bus", 2, set()),
        ("How do I pan a bus", 3, {"pan a bus"}),
        ("pan   drum\tBus", 2, {"pan drum", "drum bus"}),
        ("pan the bus. mix it", 3, {"pan the bus"}),
        ("pan, mix; bus? (eq) [lo] a/b_c:d", 2, set()),
        ("pan\nmix", 2, set()),
        ("pan - mix", 2, set()),
        ("don't 'quote' rock-'n'-roll it’s", 1, {"quote", "rock-'n'-roll"}),
        ("C# and R&B at +3", 1, {"c#", "r&b", "+3"}),
        ("ÉTÉ straße ミックス", 1, {"été", "straße", "ミックス"}),
        (f"{'x' * 40} {'y' * 41} z", 1, {"x" * 40, "z"}),
        (f"a {'y' * 41} z", 2, set()),
        ("", 1, set()),
        (None, 1, set()),
        ("one", 2, set()),
        ("e b c d", 4, {"e b c d"}),
    ],
)
def test_phrases_are_runs_of_words_between_signs(text: str | None, words: int, phrases: set[str]):
    assert of(text, words) == phrases


@pytest.mark.parametrize(
    "shown",
    ["<PERSON>", "<PERSON_1>", "<PERSON_9999>", "<EMAIL>", "<PHONE_NUMBER>", "<IP_ADDRESS>", "<US_SSN>", FAILED],
)
@pytest.mark.parametrize("around", ["my {} mix", "my{}mix", "{}", "{}{}", "<{}>"])
def test_a_placeholder_never_appears_and_no_phrase_reaches_over_one(shown: str, around: str):
    words = of(around.replace("{}", shown))
    assert words <= {"my", "mix"}
    assert of(around.replace("{}", shown), 2) == set()


def test_no_phrase_reaches_into_the_next_message_or_account():
    found = said((1, "mix low"), (1, "hard pan"), (2, "drum bus"), words=2)
    assert sorted(found.select("account", "phrase").rows()) == [(1, "hard pan"), (1, "mix low"), (2, "drum bus")]
    assert said((1, "mix low"), (1, "hard pan"), (2, "drum bus"), words=3).is_empty()


words = st.lists(st.sampled_from(["pan", "mix", "eq", ".", "<EMAIL>", "\n"]), max_size=8).map(" ".join)
messages = st.lists(st.tuples(st.integers(0, 2), words), max_size=10)


@given(messages, st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_phrases_are_what_plain_python_finds(messages: Any, length: int):
    expected: set[tuple[int, str]] = set()
    for account, text in messages:
        for run in re.split(r"<EMAIL>|[.\n]", text):
            spoken = run.split()
            expected |= {(account, " ".join(spoken[at : at + length])) for at in range(len(spoken) - length + 1)}
    found = said(*messages, words=length).select("account", "phrase").rows()
    assert sorted(found) == sorted(expected)


sayings = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("bcdefghj")), max_size=40)
frozensets = st.frozensets(st.sampled_from("bcdefghj"), max_size=4)


@given(sayings, frozensets, st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_every_account_spreads_one_weight_evenly_over_what_is_not_found_yet(
    sayings: Any, found: frozenset[str], per_account: int
):
    spoken = said(*sayings)
    for account in {account for account, _ in sayings}:
        left = {phrase for who, phrase in sayings if who == account} - found
        kept = min(len(left), per_account)
        alone = phrases.weights(spoken.filter(pl.col("account") == account), found, per_account, SALT)
        assert set(alone) <= left
        assert list(alone.values()) == [weight(max(kept, 1))] * kept
        assert sum(each**2 for each in alone.values()) <= WEIGHT**2
        assert not kept or sum((each + 1) ** 2 for each in alone.values()) > WEIGHT**2  # nothing is left over


@given(sayings, st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_weights_and_counts_are_sums_of_one_accounts_each(sayings: Any, per_account: int):
    spoken, keys = said(*sayings), list("bcdefghj")
    each = [spoken.filter(pl.col("account") == account) for account in range(4)]
    summed: Counter[str] = Counter()
    for alone in each:
        summed.update(phrases.weights(alone, frozenset(), per_account, SALT))
        assert sum(phrases.counts(alone, keys, per_account, SALT)) <= per_account
    assert phrases.weights(spoken, frozenset(), per_account, SALT) == dict(summed)
    counted = [phrases.counts(alone, keys, per_account, SALT) for alone in each]
    assert phrases.counts(spoken, keys, per_account, SALT) == [sum(column) for column in zip(*counted, strict=True)]


def test_counts_come_in_the_order_of_the_keys_and_know_no_others():
    spoken = said((1, "e b"), (2, "b"), (3, "b c"))
    assert phrases.counts(spoken, ["b", "nobody", "e"], 5, SALT) == [3, 0, 1]
    assert phrases.counts(spoken, [], 5, SALT) == []


def test_what_an_account_keeps_depends_on_the_salt_and_on_the_account():
    spoken = said(*((account, " ".join("bcdefghj")) for account in range(200)))
    kept = [phrases.weights(spoken, frozenset(), 1, salt) for salt in (SALT, SALT, b"another")]
    assert kept[0] == kept[1] != kept[2]
    assert len(kept[0]) == 8
    assert sum(kept[0].values()) == 200 * WEIGHT


def test_an_account_with_two_hashes_says_a_phrase_once():
    rows = pl.LazyFrame([(1, 5, "mix"), (1, 7, "mix")], schema=SCHEMA, orient="row")
    assert phrases.counts(phrases.of(rows, 1), ["mix"], 9, SALT) == [1]
    assert phrases.weights(phrases.of(rows, 1), frozenset(), 9, SALT) == {"mix": WEIGHT}


def test_ten_thousand_phrases_of_one_account_weigh_what_one_does():
    spoken = said((1, " ".join(f"w{at}" for at in range(10_000))))
    added = phrases.weights(spoken, frozenset(), 30, SALT)
    assert list(added.values()) == [weight(30)] * 30
