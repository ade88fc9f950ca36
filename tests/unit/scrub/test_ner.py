import pytest

from privacy_analytics.scrub import ner
from privacy_analytics.scrub.ner import NameModel
from privacy_analytics.scrub.spans import Span


@pytest.fixture
def kept(monkeypatch):
    """``kept(text, (word, type, odds), ...)``: the words that are left of what the model gives for a text."""

    class Said:
        def __init__(self, threads):
            self.words = []

        def tag(self, texts, known):
            return [self.words for _ in texts]

    monkeypatch.setattr(ner, "Tagger", Said)

    def settle(text, *words):
        model = NameModel()
        for word, kind, odds in words:
            start = text.index(word)
            model._tagger.words.append(Span(start, start + len(word), kind, odds))
        [spans] = model.tag([text])
        return [text[s.start : s.end] for s in spans]

    return settle


@pytest.mark.parametrize(
    ("word", "odds", "stays"),
    [
        ("jessica", 0.07, True),
        ("jessica", 0.04, False),
        ("Umlaufsen", 0.25, True),
        ("Umlaufsen", 0.15, False),
        ("umlaufsen", 0.9, False),
        ("umlaufsen", 0.97, True),
        ("reverb", 0.99, False),
    ],
)
def test_what_is_asked_of_a_person_depends_on_lists_and_on_case(kept, word, odds, stays):
    assert kept(f"ask {word} about it", (word, "PERSON", odds)) == ([word] if stays else [])


def test_a_lone_number_is_no_address(kept):
    assert kept("at 128 it drags", ("128", "ADDRESS", 0.9)) == []


def test_a_street_with_its_number_is(kept):
    assert kept("at 12 Elmgate now", ("12", "ADDRESS", 0.9), ("Elmgate", "ADDRESS", 0.9)) == ["12", "Elmgate"]


def test_a_short_number_is_no_id(kept):
    assert kept("id 4711", ("4711", "ID", 0.99)) == []


def test_a_pattern_names_the_type_where_both_find_something(kept):
    model = NameModel()
    model._tagger.words.append(Span(0, 8, "ID", 0.999))
    assert model.tag(["12345678"])[0][0].score < 0.9
