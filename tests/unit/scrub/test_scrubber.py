from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from privacy_analytics.errors import UsageError
from privacy_analytics.scrub import IdentityHasher, Scrubber, find_spans
from privacy_analytics.scrub.normalize import normalize
from privacy_analytics.scrub.recognizers.names import NameRecognizer
from privacy_analytics.scrub.scrubber import FAILED

SECRET = "jane.doe@example.com"


@pytest.fixture(scope="module")
def standard() -> Scrubber:
    return Scrubber("standard")


def test_empty_texts_and_no_texts_are_fine(standard: Scrubber) -> None:
    assert standard.scrub([]) == []
    assert [r.text for r in standard.scrub(["", " ", "\n"])] == ["", " ", "\n"]


def test_spans_are_places_in_the_original() -> None:
    text = "mail ja\u200bne\u00ad@exam\ufeffple.com or ｊａｎｅ＠example.com, jane%40example.com, jаnе@example.com!"
    (result,) = Scrubber("fast").scrub([text])
    assert result.text == "mail <EMAIL> or <EMAIL>, <EMAIL>, <EMAIL>!"
    assert [text[s.start : s.end] for s in result.spans][2] == "jane%40example.com"


def test_plain_text_is_scanned_as_it_is() -> None:
    assert normalize("Kick 01 at 50% wet").starts is None


def test_a_failing_recognizer_masks_the_whole_text_and_says_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    find = NameRecognizer.find_alone

    def fail(self: NameRecognizer, glance: object) -> object:
        if "jane" in glance.text:  # type: ignore[attr-defined]
            raise ValueError(glance.text)  # type: ignore[attr-defined]
        return find(self, glance)  # type: ignore[arg-type]

    monkeypatch.setattr(NameRecognizer, "find_alone", fail)
    scrubber = Scrubber("fast")
    with caplog.at_level(logging.DEBUG):
        bad, good = scrubber.scrub([f"mail {SECRET}", "mail bob@example.com"])
    assert (bad.text, bad.failed, bad.spans) == (FAILED, True, ())
    assert good.text == "mail <EMAIL>"
    assert scrubber.counts["failed"] == 1
    assert SECRET not in caplog.text
    assert "ValueError" in caplog.text


def test_a_failing_name_model_masks_only_the_text_it_fails_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, standard: Scrubber
) -> None:
    engine = standard._crew.finder()._model
    assert engine is not None
    tag = engine.tag

    def fail(texts: list[str], known: object) -> object:
        if any("boom" in text for text in texts):
            raise RuntimeError(texts)
        return tag(texts, known)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "tag", fail)
    results = standard.scrub([f"boom {SECRET}", "a quiet kick"])
    assert [r.text for r in results] == [FAILED, "a quiet kick"]
    assert SECRET not in caplog.text


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that the rules read, from now on."""
    texts: list[str] = []
    find = NameRecognizer.find_alone

    def spy(self: NameRecognizer, glance: object) -> object:
        texts.append(glance.text)  # type: ignore[attr-defined]
        return find(self, glance)  # type: ignore[arg-type]

    monkeypatch.setattr(NameRecognizer, "find_alone", spy)
    return texts


def test_duplicates_are_scrubbed_once_and_counted_each_time(seen: list[str]) -> None:
    scrubber = Scrubber("fast")
    results = scrubber.scrub([SECRET, "hm", SECRET])
    assert [text for text in seen if "<" not in text] == [SECRET, "hm"]
    assert results[0] == results[2]
    assert scrubber.counts == {"EMAIL": 2, "failed": 0}


def test_texts_that_mask_to_the_same_are_read_again_once(seen: list[str]) -> None:
    results = Scrubber("fast").scrub(["mail jane@site.com", "mail john@site.com"])
    assert [r.text for r in results] == ["mail <EMAIL>"] * 2
    assert seen.count("mail <EMAIL>") == 1


def test_own_identifiers_are_masked_only_in_their_accounts_texts() -> None:
    hasher = IdentityHasher(bytes(32))
    own = hasher.own(username="wobbleking")
    results = Scrubber("fast", hasher=hasher).scrub(["wobbleking here"] * 2, [own, None])
    assert [r.text for r in results] == ["<USERNAME> here", "wobbleking here"]


def test_own_identifiers_need_a_hasher_and_one_entry_a_text() -> None:
    own = IdentityHasher(bytes(32)).own(username="wobbleking")
    with pytest.raises(UsageError, match="hasher"):
        Scrubber("fast").scrub(["a"], [own])
    with pytest.raises(UsageError, match="one entry"):
        Scrubber("fast").scrub(["a", "b"], [own])


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(UsageError, match="tier"):
        Scrubber("best")  # type: ignore[arg-type]


def test_the_name_model_finds_what_patterns_miss(standard: Scrubber) -> None:
    text = "the bass part was played by torvald brinkmann at home"
    assert Scrubber("fast").scrub([text])[0].text == text
    assert standard.scrub([text])[0].text == "the bass part was played by <PERSON> at home"


def test_the_name_model_reads_long_texts_to_their_end(standard: Scrubber) -> None:
    text = "please turn the reverb down a little on the second verse and then bounce it. " * 40
    (result,) = standard.scrub([text + "my neighbour torvald brinkmann agrees"])
    assert result.text == text + "my neighbour <PERSON> agrees"


def test_batching_and_order_change_nothing(standard: Scrubber) -> None:
    texts = [f"{'so ' * n}torvald brinkmann and {SECRET}" for n in range(12)]
    together = standard.scrub(texts)
    assert together == [standard.scrub([text])[0] for text in texts]
    assert together == standard.scrub(texts[::-1])[::-1]


def test_masking_twice_is_masking_once(standard: Scrubber) -> None:
    texts = [f"hi, my name is Anna Kowalska, {SECRET}, +49 151 23456789, i live in leeds, user=jdoe"]
    once = [r.text for r in standard.scrub(texts)]
    assert [r.text for r in standard.scrub(once)] == once


@pytest.mark.parametrize(
    "text", ["@" * 20_000, "a" * 50_000, "1 " * 20_000, "\x00\ud800 jane", "a-" * 20_000, "/Users/" * 5_000]
)
def test_hostile_texts_are_handled(text: str) -> None:
    assert len(Scrubber("fast").scrub([text])) == 1


def test_find_spans_is_what_a_scorer_calls() -> None:
    assert find_spans([f"mail {SECRET}", ""], "fast") == [[(5, 25, "EMAIL")], []]


def test_pseudonyms_do_not_wait_for_presidio_and_fast_not_for_onnx() -> None:
    code = (
        "import sys; from privacy_analytics.scrub import IdentityHasher; assert 'presidio_analyzer' not in sys.modules;"
        "from privacy_analytics.scrub import Scrubber; Scrubber('fast').scrub(['hi']);"
        "assert 'onnxruntime' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
