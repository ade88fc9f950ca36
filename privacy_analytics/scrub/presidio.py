# ruff: noqa: ARG002  Presidio's interfaces name the parameters
"""For users of Presidio: our tiers as an AnalyzerEngine, our numbered placeholders as an anonymizer's operator.

analyzer = presidio.analyzer("fast")
results = analyzer.analyze(text, language="en")
people = presidio.operators([(text, results)])
anonymizer = AnonymizerEngine()
anonymizer.add_anonymizer(presidio.Numbered)
anonymizer.anonymize(text, results, operators=people)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from presidio_anonymizer.entities import OperatorConfig
from presidio_anonymizer.operators import Operator, OperatorType

from privacy_analytics.errors import UsageError
from privacy_analytics.scrub.finder import Finder, Rules, Tier, told
from privacy_analytics.scrub.normalize import normalize
from privacy_analytics.scrub.people import People
from privacy_analytics.scrub.placeholders import PERSON, Placeholders
from privacy_analytics.scrub.recognizers import chat_recognizers
from privacy_analytics.scrub.spans import Span

_PLACEHOLDERS = Placeholders("<{}>".format, [PERSON], "")


def analyzer(tier: Tier = "standard", recognizers: Sequence[EntityRecognizer] = ()) -> ChatAnalyzer:
    """An AnalyzerEngine that finds what a `Scrubber` of the tier finds; recognizers of others join it.

    It holds a registry of our recognizers and the tier's NLP engine: for ``fast`` a blank one, for ``standard`` the
    local name model. A `BatchAnalyzerEngine` takes it, too.
    """
    engine = TierEngine(tier)
    ours: list[EntityRecognizer] = [*chat_recognizers()]
    if tier == "standard":
        ours.append(ModelRecognizer())
    return ChatAnalyzer(engine, RecognizerRegistry([*ours, *recognizers], supported_languages=["en"]))


def operators(conversation: Iterable[tuple[str, Sequence[RecognizerResult]]]) -> dict[str, OperatorConfig]:
    """What to give `AnonymizerEngine.anonymize` for each text of a conversation, so that persons keep their numbers.

    Parameters
    ----------
    conversation : its texts in order, each with what the analyzer found in it
    """
    names: list[str] = []
    taken: list[int] = []
    for text, results in conversation:
        persons = sorted((each.start, each.end) for each in results if each.entity_type == PERSON)
        names += [text[start:end] for start, end in persons]
        taken += _PLACEHOLDERS.numbers(text)
    return {"DEFAULT": OperatorConfig(Numbered.NAME, {"people": People(names, taken)})}


class Numbered(Operator):
    """``<PERSON_1>`` for a person of the conversation, ``<EMAIL>`` and the like for the rest; see `operators`."""

    NAME = "numbered"

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """The placeholder of one finding."""
        given = params or {}
        kind = given["entity_type"]
        return f"<{kind}_{given['people'].number(text)}>" if kind == PERSON else f"<{kind}>"

    def validate(self, params: dict[str, Any] | None = None) -> None:
        """Raises `UsageError` where nobody said who is in the conversation."""
        if not isinstance((params or {}).get("people"), People):
            raise UsageError("The operator 'numbered' needs the people of the conversation: take presidio.operators().")

    def operator_name(self) -> str:
        """Its name in an OperatorConfig."""
        return self.NAME

    def operator_type(self) -> OperatorType:
        """It anonymizes; there is no way back."""
        return OperatorType.Anonymize


class ModelRecognizer(EntityRecognizer):
    """Hands what the name model found to Presidio."""

    def __init__(self) -> None:
        from privacy_analytics.scrub.ner import ENTITIES

        super().__init__(supported_entities=list(ENTITIES))

    def load(self) -> None:
        """Nothing to load: the engine does."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        """What it found of the types asked for."""
        found = cast("list[Any]", nlp_artifacts.entities)
        return [RecognizerResult(e.label_, e.start_char, e.end_char, e.score) for e in found if e.label_ in entities]


class TierEngine(NlpEngine):
    """The NLP engine of a tier. It reads a text's plain copy (see `normalize`): its indices are those of the copy."""

    engine_name = "privacy_analytics"
    is_available = True

    def __init__(self, tier: Tier) -> None:
        self.finder = Finder(Rules(tier, _PLACEHOLDERS))

    def load(self) -> None:
        """It is loaded from the start."""

    def is_loaded(self) -> bool:
        """Always."""
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """The model's names in one text."""
        return next(self.process_batch([text], language))[1]

    def process_batch(
        self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **kwargs: Any
    ) -> Iterator[Any]:
        """Each text with the model's names in it; the batch size is the model's own."""
        many = list(texts)
        for text, (copy, names) in zip(many, self.finder.names(many), strict=True):
            yield text, told(copy, names)

    def is_stopword(self, word: str, language: str) -> bool:
        """No stop words: there is no context pass."""
        return False

    def is_punct(self, word: str, language: str) -> bool:
        """No punctuation: there are no tokens."""
        return False

    def get_supported_entities(self) -> list[str]:
        """None of its own: the recognizers have them."""
        return []

    def get_supported_languages(self) -> list[str]:
        """English; patterns apply to any language, names in others are not claimed."""
        return ["en"]


class ChatAnalyzer(AnalyzerEngine):
    """Presidio's engine over a text's plain copy; results are whole and disjoint, with indices of the text itself."""

    def __init__(self, engine: TierEngine, registry: RecognizerRegistry) -> None:
        super().__init__(registry=registry, nlp_engine=engine, supported_languages=["en"])
        self._engine = engine

    def analyze(
        self, text: str, language: str, *args: Any, nlp_artifacts: NlpArtifacts | None = None, **kwargs: Any
    ) -> list[RecognizerResult]:
        """As Presidio's; the artifacts, if given, are this engine's own."""
        copy = normalize(text)
        seen = nlp_artifacts or self._engine.process_text(text, language)
        found = cast("Any", super()).analyze(copy.text, language, *args, nlp_artifacts=seen, **kwargs)
        spans = [Span(each.start, each.end, each.entity_type, each.score) for each in found]
        return [RecognizerResult(s.type, s.start, s.end, s.score) for s in self._engine.finder.whole(copy, spans)]
