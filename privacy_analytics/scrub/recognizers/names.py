# ruff: noqa: E501  a pattern broken over lines is harder to read
"""Who somebody is: names after a cue, and first names that mean nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from privacy_analytics.scrub.lists import clear_names, known_names, ordinary_words
from privacy_analytics.scrub.recognizers.base import ChatRecognizer, Glance
from privacy_analytics.scrub.spans import Span

_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_NEXT = re.compile(
    r"(?:[.]?\s|\s)(?P<particle>(?:(?:de la|de|del|van der|van den|van|von|der|di|da|dos|du|le|la|al|el|bin|st)\s)?)(?P<word>[^\W\d_]\.(?=\s)|[^\W\d_]+(?:['-][^\W\d_]+)*)",
    re.IGNORECASE,
)
_STYLE_BEFORE = re.compile(
    r"(?:more like|sound(?:s|ing)? like|something like|similar to|beats? like|vibes? (?:of|like)|style of|à la|a la|inspired by|influenced by|reminds me of|cover of|"
    r"remix of|songs? by|tracks? by|albums? by|fans? of|listen(?:ing)? to|feat\.?|ft\.?|by artists like|artists like|st|hey)\s{1,2}$",
    re.IGNORECASE,
)
_STYLE_AFTER = re.compile(
    r"\s(?:type|style|esque|inspired)\b|-(?:style|type|ish|esque)|'s (?:album|song|track|sound|voice|music)\b",
    re.IGNORECASE,
)


def _title(word: str) -> bool:
    return word[0].isupper() and word.lower() not in ordinary_words()


def _known(word: str) -> bool:
    return word.lower().removesuffix("'s") in known_names()


def _titled_or_known(word: str) -> bool:
    return (_title(word) and not (word.isupper() and len(word) < 4)) or _known(word)


def _anything(word: str) -> bool:
    return word.lower() not in ordinary_words()


@dataclass(frozen=True, slots=True)
class _Cue:
    need: frozenset[str]
    regex: re.Pattern[str]
    gate: Callable[[str], bool]


def _cue(need: str, regex: str, gate: Callable[[str], bool]) -> _Cue:
    return _Cue(frozenset(need.split()), re.compile(rf"(?<!\w)(?:{regex})", re.IGNORECASE), gate)


_KIN = "wife|husband|girlfriend|boyfriend|partner|bandmate|friend|buddy|mate|brother|sister|mum|mom|mother|dad|father|son|daughter|teacher|boss|producer|singer|vocalist|drummer|guitarist|bassist|engineer|manager|cousin|roommate|flatmate|colleague|client|student|uncle|aunt|neighbou?r|gf|bf|fiancée?|studio partner|songwriter|rapper|keyboardist|intern"
_AFTER = (
    _cue("name", r"(?:my|his|her|their|full|real|first|last) names?(?:'?s| is|:| =)\s{1,2}(?:is )?", _anything),
    _cue(
        "mr mrs ms miss mx dr prof professor madam officer",
        r"(?:mr|mrs|ms|miss|mx|dr|prof|professor|madam|officer)\.?\s",
        _anything,
    ),
    _cue(
        "name contact customer client patient employee author attn from to cc owner user by participant artist recipient sender",
        r"(?:name|contact|customer|client|patient|employee(?: record)?|author|attn|from|to|cc|owner|user|participant|recipient|sender|by|for)(?:_?name)?[\"']?\s?[:=]\s{0,2}[\"']?",
        _titled_or_known,
    ),
    _cue(
        "dear regards cheers thanks thx thank ty best love sincerely greetings signed yours",
        r"(?:dear|regards|cheers|thanks|thank you|thx|ty|best|love|sincerely|greetings|signed|yours(?: truly)?)(?:[,!.]?\s{1,3}(?:[-~]\s?)?|\s?[-~]\s?)",
        _titled_or_known,
    ),
    _cue(
        "this it here",
        r"(?:this is|it's|it is|its)\s(?=[^\s]+(?:\s[^\s]+)?(?:,| here\b| from\b| again\b| speaking\b))",
        _titled_or_known,
    ),
    _cue("i im", r"(?:i'm|im|i am)\s(?=[^\s]+(?:\s[^\s]+)?(?:,? (?:from|and|here|the|a)\b|,|\.|$))", _titled_or_known),
    _cue(
        "call called named calls",
        r"(?:(?:call|calls) me|(?:is|am|was|guy|girl|named|someone) (?:called|named)|named)\s",
        _titled_or_known,
    ),
    _cue(
        "my our his her their",
        rf"(?:my|our|his|her|their) (?:\w{{2,12}} )?(?:{_KIN}),?\s(?:is |was |called |named )?",
        _titled_or_known,
    ),
    _cue(
        "tell ask text ping email meet met told asked message credit invite remind asking contact",
        r"(?:tell|ask|text|ping|email|meet|met|told|asked|asking|message|credit|invite|remind|contact)\s",
        _titled_or_known,
    ),
    _cue(
        "hi hey hello yo welcome sorry",
        r"(?:hi|hello|yo|welcome|sorry|good morning|good evening)(?:\sthere)?,?\s",
        _known,
    ),
    _cue(
        "with by for from and to show give send let is or",
        r"(?:with|by|for|from|and|to|show|give|send|let|or)\s",
        _known,
    ),
    _cue(
        "customer client patient employee",
        r"(?:customer|client|patient|employee|specialist|user|agent|under|of)\s",
        lambda word: _title(word) and _known(word),
    ),
    _cue(
        "vox vocal vocals lead guitar bass drums - –",
        r"(?:vox|vocals?|guitar|bass|drums|keys|take|feat\.?|ft\.?)\s?[-:(]\s?",
        _known,
    ),
)
_BEFORE = re.compile(
    r"[^\W\d_]+(?:-[^\W\d_]+)?(?=\s(?:said|says|sent|told|wants|wanted|asked|recorded|wrote|sings|played|mixed|thinks|likes|loves|needs|called|suggested|mentioned|and i)\b)",
    re.IGNORECASE,
)
_BEFORE_NEED = frozenset(
    [
        "said",
        "says",
        "sent",
        "told",
        "wants",
        "wanted",
        "asked",
        "recorded",
        "wrote",
        "sings",
        "played",
        "mixed",
        "thinks",
        "likes",
        "loves",
        "needs",
        "called",
        "suggested",
        "mentioned",
        "and",
    ]
)


class NameRecognizer(ChatRecognizer):
    """PERSON: gated by public lists of first names and of ordinary words."""

    def __init__(self) -> None:
        super().__init__()
        self.supported_entities = ["PERSON"]

    def find(self, glance: Glance) -> Iterator[Span]:
        """Names after a cue; before a verb of people; first names without a cue; first and last together."""
        text, tokens = glance.text, glance.tokens
        for cue in _AFTER:
            if not cue.need.isdisjoint(tokens):
                for match in cue.regex.finditer(text):
                    word = _WORD.match(text, match.end())
                    if word and cue.gate(word[0]):
                        yield _whole(text, word, after_cue=cue.gate is _anything)
        if not tokens.isdisjoint(known_names()):
            if not tokens.isdisjoint(_BEFORE_NEED):
                for match in _BEFORE.finditer(text):
                    if _known(match[0]):
                        yield _whole(text, match, after_cue=False)
            yield from self._without_cue(text)

    def _without_cue(self, text: str) -> Iterator[Span]:
        seen = 0
        for word in _WORD.finditer(text):
            lower = word[0].lower().removesuffix("'s")
            if lower not in known_names() or word.start() < seen:
                continue
            span = _whole(text, word, after_cue=False)
            seen, alone = span.end, span.end <= word.end()
            if (lower in clear_names() or (not alone and word[0][0].isupper())) and not is_reference(text, span):
                yield span


def is_reference(text: str, span: Span) -> bool:
    """Whether a name is said as a matter of style ("something like ...", "... type beat"): nobody in the room."""
    before = _STYLE_BEFORE.search(text, max(0, span.start - 30), span.start)
    return before is not None or _STYLE_AFTER.match(text, span.end) is not None


def _whole(text: str, first: re.Match[str], *, after_cue: bool) -> Span:
    """A name and the initials, particles and surnames that follow it; possessive 's stays outside."""
    end = first.end() - (2 if first[0].lower().endswith("'s") else 0)
    titled = first[0][0].isupper()
    for _ in range(3):
        follow = _NEXT.match(text, end)
        if not follow or end < first.end():
            break
        word = follow["word"]
        surname = (
            _title(word) if titled else (after_cue and word.lower() not in ordinary_words() and not word[0].isupper())
        )
        if not (surname or (titled and word.endswith(".") and word[0].isupper())):
            break
        end = follow.end()
        if word.lower().endswith("'s"):
            end -= 2
            break
    return Span(first.start(), end, "PERSON", 0.8)
