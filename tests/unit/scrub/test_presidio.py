from __future__ import annotations

from typing import Any

import pytest
from presidio_analyzer import BatchAnalyzerEngine, EntityRecognizer, Pattern, PatternRecognizer, RecognizerResult
from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig

from privacy_analytics.errors import UsageError
from privacy_analytics.scrub import Scrubber, find_spans, presidio
from privacy_analytics.scrub.scrubber import FAILED, Tier

TEXTS = [
    "hi, my name is Anna Kowalska, mail ja\u200bne@example.com or call +49 151 23456789",
    "the bass part was played by torvald brinkmann at home, jane%40example.com",
    "warm pad 03 at 120 bpm in F minor",
    "12 Baker Street, London. Ask Anna B. Sanz",
    "",
]
BADGE = PatternRecognizer("BADGE", name="badges", patterns=[Pattern("badge", r"\bBX\d{3}\b", 0.6)], context=["badge"])


@pytest.fixture(scope="module", params=["fast", "standard"])
def tier(request: pytest.FixtureRequest) -> Tier:
    return request.param


def places(results: list[RecognizerResult]) -> list[tuple[int, int, str]]:
    return [(each.start, each.end, each.entity_type) for each in results]


class Boom(EntityRecognizer):
    def __init__(self) -> None:
        super().__init__(supported_entities=["BOOM"], name="boom")

    def load(self) -> None: ...

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any) -> list[RecognizerResult]:
        if "boom" in text:
            raise RuntimeError(text)
        return []


class Names(EntityRecognizer):
    """Hands on the names that the tier's engine found."""

    def __init__(self) -> None:
        super().__init__(supported_entities=["SOMEBODY"], name="names")

    def load(self) -> None: ...

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any) -> list[RecognizerResult]:
        assert entities == ["SOMEBODY"]
        return [RecognizerResult("SOMEBODY", each.start_char, each.end_char, 1.0) for each in nlp_artifacts.entities]


def test_the_analyzer_finds_what_find_spans_finds(tier: Tier) -> None:
    analyzer = presidio.analyzer(tier)
    assert [places(analyzer.analyze(text, "en")) for text in TEXTS] == [find_spans([text], tier)[0] for text in TEXTS]


def test_a_batch_analyzer_takes_it(tier: Tier) -> None:
    batch = BatchAnalyzerEngine(presidio.analyzer(tier))
    results = batch.analyze_iterator(TEXTS[:1], "en")
    assert [places(each) for each in results] == find_spans(TEXTS[:1], tier)


def test_what_is_asked_for_and_allowed_is_heeded() -> None:
    analyzer = presidio.analyzer("fast")
    assert {each.entity_type for each in analyzer.analyze(TEXTS[0], "en", entities=["EMAIL"])} == {"EMAIL"}
    assert analyzer.analyze("mail x7@example.com", "en", allow_list=["x7@example.com"]) == []


def test_recognizers_of_others_join_the_analyzer_and_the_scrubber() -> None:
    text = "the sticker reads BX123, mail jane@example.com"
    analyzer = presidio.analyzer("fast", recognizers=[BADGE])
    assert [each.entity_type for each in analyzer.analyze(text, "en")] == ["BADGE", "EMAIL"]
    assert Scrubber("fast", recognizers=[BADGE]).scrub([text])[0].text == "the sticker reads <BADGE>, mail <EMAIL>"
    assert Scrubber("fast").scrub([text])[0].text == "the sticker reads BX123, mail <EMAIL>"


def test_recognizers_of_others_see_the_names_of_the_tier() -> None:
    scrubber = Scrubber("standard", recognizers=[Names()])
    assert scrubber.scrub(["played by torvald brinkmann at home"])[0].text == "played by <SOMEBODY> <SOMEBODY> at home"


def test_a_failing_recognizer_of_others_masks_the_whole_text(caplog: pytest.LogCaptureFixture) -> None:
    scrubber = Scrubber("fast", recognizers=[Boom()])
    assert [each.text for each in scrubber.scrub(["boom jane", "fine"])] == [FAILED, "fine"]
    assert scrubber.counts["failed"] == 1
    assert "jane" not in caplog.text


def test_an_anonymizer_numbers_persons_over_a_conversation() -> None:
    analyzer, anonymizer = presidio.analyzer("fast"), AnonymizerEngine()
    anonymizer.add_anonymizer(presidio.Numbered)
    texts = ["ask Marek Nowak and Anna Kowalska, mail jane@example.com", "ANNA KOWALSKA wrote", "<PERSON_1> left"]
    said = [(text, analyzer.analyze(text, "en")) for text in texts]
    people = presidio.operators(said)
    masked = [anonymizer.anonymize(text, results, operators=people).text for text, results in said]  # type: ignore[arg-type]
    assert masked == ["ask <PERSON_2> and <PERSON_3>, mail <EMAIL>", "<PERSON_3> wrote", "<PERSON_1> left"]


def test_numbers_need_a_conversation() -> None:
    anonymizer = AnonymizerEngine()
    anonymizer.add_anonymizer(presidio.Numbered)
    results: Any = [RecognizerResult("PERSON", 0, 4, 1.0)]
    with pytest.raises(UsageError, match="operators"):
        anonymizer.anonymize("Anna", results, operators={"DEFAULT": OperatorConfig("numbered", {})})


def test_what_a_mask_lays_open_is_masked_in_the_same_go() -> None:
    glued = PatternRecognizer("BADGE", name="glued", patterns=[Pattern("badge", r"BX\d{3}", 0.6)])
    text = "it listens on 192.168.17.23BX123"
    (result,) = Scrubber("fast", recognizers=[glued]).scrub([text])
    assert result.text == "it listens on <IP><BADGE>"
    assert [text[span.start : span.end] for span in result.spans] == ["192.168.17.23", "BX123"]
