import random

import pytest

from privacy_analytics.errors import SettingsError
from privacy_analytics.scrub import tagger as module
from privacy_analytics.scrub import weights
from privacy_analytics.scrub.spans import Span
from privacy_analytics.scrub.tagger import Tagger

TEXTS = [
    "hi im jodie and this is my mix",
    "Please send it to Marek Novak, he lives in Gdansk.",
    "LEAD VOX - ULRIKE",
    "the snare is too loud",
    "",
    "   ",
    "?!",
    "ask gayathri or Tobias about the stems " * 30,
    "日本語のテキスト",
    "0151 2345678 is the number of Annika",
]
TALK = "so the snare is too loud and the kick is too quiet when i bounce the mix again"


@pytest.fixture(scope="module")
def tagger():
    return Tagger()


def people(tagger, text, known=None):
    [spans] = tagger.tag([text], known and [known])
    return [text[s.start : s.end] for s in spans if s.type == "PERSON" and s.score > 0.5]


def test_names_are_found_in_small_letters_and_in_capitals(tagger):
    assert people(tagger, TEXTS[0]) == ["jodie"]
    assert people(tagger, TEXTS[1]) == ["Marek", "Novak"]


def test_what_is_found_is_whole_words_of_the_text(tagger):
    for text, spans in zip(TEXTS, tagger.tag(TEXTS), strict=True):
        for span in spans:
            assert not text[span.start - 1 : span.start].isalnum() or span.start == 0
            assert not text[span.end : span.end + 1].isalnum()
            assert 0 <= span.start < span.end <= len(text)


def fresh(tagger, texts):
    tagger._answers.clear()
    return tagger.tag(texts)


def test_a_text_is_tagged_alike_alone_and_among_others_in_any_order(tagger):
    together = fresh(tagger, TEXTS)
    assert [fresh(tagger, [text])[0] for text in TEXTS] == together
    order = list(range(len(TEXTS))) * 3
    random.Random(5).shuffle(order)
    assert fresh(tagger, [TEXTS[i] for i in order]) == [together[i] for i in order]


def test_what_was_asked_before_is_not_asked_again(tagger, monkeypatch):
    before = fresh(tagger, TEXTS)
    monkeypatch.setattr(tagger, "_run", None)
    assert tagger.tag(TEXTS) == before


def test_a_name_far_into_a_long_text_is_found(tagger):
    text = "the snare is too loud and the kick is too quiet, " * 60 + "my name is Annika Lindqvist"
    assert people(tagger, text)[-2:] == ["Annika", "Lindqvist"]


def test_a_name_at_the_edge_of_a_window_is_found(tagger):
    talk = TALK.split() * 10
    for words in range(module.WINDOW - 12, module.WINDOW + 4):
        text = " ".join([*talk[:words], "and this was said by Annika Lindqvist to me"])
        assert "Annika" in people(tagger, text), words


def test_of_a_known_code_the_model_is_shown_one_mask(tagger, monkeypatch):
    text = "my key is 9f86d081884c7d659a2feaa0c55ad015 and i sent it to Annika yesterday"
    code = Span(10, 42, "API_KEY", 0.9)
    widths = []
    run = tagger._run
    monkeypatch.setattr(tagger, "_run", lambda batch: widths.append(len(batch[0])) or run(batch))
    tagger._answers.clear()
    assert people(tagger, text) == people(tagger, text, [code]) == ["Annika"]
    assert widths[1] < widths[0] - 10


def test_a_known_name_is_still_read(tagger):
    text = "thanks, Annika Lindqvist"
    assert people(tagger, text, [Span(8, 14, "PERSON", 0.8)]) == ["Annika", "Lindqvist"]


def test_missing_weights_are_told_with_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "shipped", tmp_path.joinpath)
    with pytest.raises(SettingsError, match="tier 'fast'"):
        Tagger()
