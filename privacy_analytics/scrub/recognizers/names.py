# ruff: noqa: E501  a pattern broken over lines is harder to read
"""Who somebody is: names after a cue, and first names that mean nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from privacy_analytics.scrub.domain import is_reference
from privacy_analytics.scrub.lists import clear_names, clear_surnames, known_names, ordinary_words, surnames
from privacy_analytics.scrub.recognizers.base import ChatRecognizer, Glance
from privacy_analytics.scrub.spans import Span

__all__ = ["NameRecognizer", "is_reference"]

_NAME = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_WORD = re.compile(_NAME)
_NEXT = re.compile(
    rf"[.]?[ \t](?P<particle>(?:(?:de la|de|del|van der|van den|van|von|der|di|da|dos|du|le|la|al|el|bin|st)\s)?)(?P<word>[^\W\d_]\.(?=\s)|{_NAME})",
    re.IGNORECASE,
)


def _bare(word: str) -> str:
    return word.lower().removesuffix("'s").removesuffix("’s")


def _ordinary(word: str) -> bool:
    return word.lower() in ordinary_words()


def _title(word: str) -> bool:
    return word[0].isupper() and not _ordinary(word)


def _clear(word: str) -> bool:
    return _bare(word) in clear_names()


def _known(word: str) -> bool:
    return _bare(word) in known_names()


def _titled_or_known(word: str) -> bool:
    return (_title(word) and not (word.isupper() and len(word) < 4)) or _known(word)


def _clear_or_titled(word: str) -> bool:
    return _clear(word) or (_title(word) and not word.isupper() and (_known(word) or _bare(word) in clear_surnames()))


def _anything(word: str) -> bool:
    return not _ordinary(word)


def _strange(word: str) -> bool:
    """A name, or a word that is nothing else; shouting is neither."""
    return _clear(word) or (len(word) > 2 and not _ordinary(word) and not word.isupper())


def _clear_or_strange_title(word: str) -> bool:
    return _clear(word) or (_title(word) and not word.isupper())


@dataclass(frozen=True, slots=True)
class _Cue:
    need: frozenset[str]
    regex: re.Pattern[str]
    gate: Callable[[str], bool]


def _cue(need: str, regex: str, gate: Callable[[str], bool]) -> _Cue:
    return _Cue(frozenset(need.split()), re.compile(rf"(?<!\w)(?:{regex})", re.IGNORECASE), gate)


_KIN = "wife|husband|girlfriend|boyfriend|partner|bandmate|friend|buddy|mate|brother|sister|mum|mom|mother|dad|father|son|daughter|teacher|boss|producer|singer|vocalist|drummer|guitarist|bassist|engineer|manager|cousin|roommate|flatmate|colleague|client|student|uncle|aunt|neighbou?r|gf|bf|fiancée?|studio partner|songwriter|rapper|keyboardist|intern|assistant|coach"
_AFTER = (
    _cue(
        "name names named",
        r"(?:my|his|her|their|our|full|real|first|last|user|[^\W\d]{2,12}'?s) names?(?:'?s| is|:| =)\s{1,2}(?:is )?|names? (?:from|on (?:the )?(?:account|card|licen[cs]e|invoice))(?: is|:)?\s|what'?s (?:your|his|her) (?:\w{4,5} )?name\?\s",
        _anything,
    ),
    _cue("name", r"name from [^\W\d_]{2,20}(?:\s[^\W\d_]{2,20}){0,2} to\s", _anything),
    _cue(
        "mr mrs ms miss mx dr prof professor madam officer",
        r"(?:mr|mrs|ms|miss|mx|dr|prof|professor|madam|officer)\.?\s",
        lambda word: (_anything(word) and len(word) > 1) or (word[0].isupper() and _bare(word) in surnames()),
    ),
    _cue(
        "name contact customer client patient employee author attn from to cc owner user by participant artist recipient sender for split sheet sheets writers writer credits",
        r"(?:name|contact|customer|client|patient|employee(?: record)?|author|attn|from|to|cc|owner|user|participant|recipient|sender|by|for|split sheet|writers?|credits|booked by|prepared by)(?:_?name)?[\"']?\s?[:=]\s{0,2}[\"']?",
        _titled_or_known,
    ),
    _cue(
        "signed sincerely under belongs admin",
        r"(?:signed|sincerely|yours|account under|registered (?:to|under)|belongs to|admin is|licen[cs]ed to)[,:]?\s{1,3}(?:[-~]\s?)?",
        _titled_or_known,
    ),
    _cue(
        "dear regards cheers thanks thx thank ty best greetings love",
        r"(?:dear|(?:kind |best |warm )?regards|cheers|thanks|thank you|thx|ty|best|greetings|yours truly|love)(?:[,!.]?\s{1,3}(?:[-~]\s?)?|\s?[-~]\s?)(?=[^\s]+(?:\s[^\s]+){0,2}\s?$)",
        _strange,
    ),
    _cue(
        "dear regards cheers thanks thx thank ty best love greetings",
        r"(?:dear|regards|cheers|thanks|thank you|thx|ty|best|love|greetings|yours truly)(?:[,!.]?\s{1,3}(?:[-~]\s?)?|\s?[-~]\s?)",
        _clear_or_strange_title,
    ),
    _cue(
        "this it here its",
        r"(?:this is|it's|it is|its)\s(?=[^\s]+(?:\s[^\s]+){0,2}?(?:,| here\b| from\b| again\b| speaking\b))",
        _strange,
    ),
    _cue("here", r"(?:yo|hey|hi|hello)\s(?=[^\s]{2,20} here\b)", _anything),
    _cue(
        "i im",
        r"(?:i'm|im|i am)\s(?=[^\s]+(?:\s[^\s]+){0,2}?(?:,? (?:from|and i|here|the)\b|,|\.|$))",
        _clear_or_strange_title,
    ),
    _cue("i im", r"(?:i'm|im|i am)\s(?=[^\s]+(?:\s[^\s]+){0,2}? and i\b)", _strange),
    _cue(
        "call called named calls",
        r"(?:(?:call|calls) me|(?:is|am|was|guy|girl|named|someone) (?:called|named)|named)\s",
        _titled_or_known,
    ),
    _cue(
        "my our his her their",
        rf"(?:my|our|his|her|their) (?:\w{{2,12}} )?(?:{_KIN}),?\s(?:is |was |called |named )?",
        _strange,
    ),
    _cue(
        "tell ask text ping email meet met told asked message credit invite remind asking contact says said",
        r"(?:tell|ask|text|ping|email|meet|met|told|asked|asking|message|credit|invite|remind|contact|said|says)\s",
        _clear_or_strange_title,
    ),
    _cue(
        "tell ask asked told explain",
        r"(?:tell|ask|asked|told|explain to)\s(?=[^\s]+\s(?:i|we|to|what|how|why|if|that|about|when|where|who|for|he|she)\b)",
        _strange,
    ),
    _cue("call", r"call\s(?=[^\s]+(?:\s[^\s]+)?\s(?:at|on|under)\s[+(\d])", _strange),
    _cue("did does use used", r"(?:did|does)\s(?=[^\s]+\s(?:use|do|mix|play|sing|record|want|say|send)\b)", _strange),
    _cue(
        "from chain stems mix file preset",
        r"(?:chain|stems?|mix|files?|preset|feedback|note|message|mail|notes) from\s",
        _strange,
    ),
    _cue(
        "for to",
        r"(?:(?:it|them|this|that) (?:again )?(?:for|to)|(?:export|mix|stems?|files?|bounce|track|song|demo|master)s? to)\s(?=[^\s]+(?:$| (?:but|and|so|because|yesterday|today|tomorrow|now)\b))",
        _strange,
    ),
    _cue("hey hi hello yo", r"^(?:hey|hi|hello|yo)\s(?=[^\s,]+,)", _strange),
    _cue(
        "hi hey hello yo welcome sorry",
        r"(?:hi|hello|hey|yo|welcome|sorry|good morning|good evening)(?:\sthere)?,?\s",
        _clear_or_titled,
    ),
    _cue(
        "with by for from and to show give send let is or",
        r"(?:with|by|for|from|and|to|show|give|send|let|or)\s",
        _clear_or_titled,
    ),
    _cue(
        "sent send stems files mix vocals credit recorded mixed mastered produced collab invoice ship",
        r"(?:(?:sent|send|credit|give|gave|emailed|forwarded|invoice|ship) (?:[^\W\d]{1,12} ){0,4}to|(?:recorded|mixed|mastered|produced|written|sung|played|drums|vocals|mix|guitars?|bass|keys) by|collab(?:ing|oration)? with|and the (?:mix|master) to)\s",
        lambda word: _clear(word) or _titled_or_known(word),
    ),
    _cue(
        "customer client patient employee specialist user agent under of",
        r"(?:customer|client|patient|employee|specialist|user|agent|under|of)\s",
        lambda word: _title(word) and _known(word),
    ),
    _cue(
        "vox vocal vocals lead guitar bass drums keys take feat ft gtr track",
        r"(?:vox|vocals?|guitar|gtr|bass|drums|keys|take|feat\.?|ft\.?)\s?[-:(_]?\s?",
        _clear_or_titled,
    ),
)
_ENDING = re.compile(
    rf"(?:^|\n|[.!?]\s|\s)[-–—~]\s?(?P<v>{_NAME})(?=(?:\s{_NAME}){{0,2}}(?:\s\(@[^)\n]{{1,40}}\))?\s{{0,2}}(?:\n|$))"
)
_PAIR = re.compile(
    rf"(?<![\w@#])(?P<v>[A-ZÀ-Þ][^\W\d_]{{1,20}}(?:['’-][^\W\d_]{{1,20}})?)\s(?:[A-Z]\.?\s)?(?P<last>(?:[Dd]e |[Vv]an |[Vv]on |[Dd]i )?[A-ZÀ-Þ]{_NAME})"
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
    """PERSON: gated by public lists of first names, of surnames and of ordinary words."""

    def __init__(self) -> None:
        super().__init__()
        self.supported_entities = ["PERSON"]

    def find(self, glance: Glance) -> Iterator[Span]:
        """Names after a cue; before a verb of people; signatures; first names without a cue; first and last together."""
        text, tokens = glance.text, glance.tokens
        for cue in _AFTER:
            if not cue.need.isdisjoint(tokens):
                for match in cue.regex.finditer(text):
                    word = _WORD.match(text, match.end())
                    if word and cue.gate(word[0]):
                        yield _whole(text, word, after_cue=cue.gate in (_anything, _strange))
        if not tokens.isdisjoint(_DASHES):
            for match in _ENDING.finditer(text):
                if (word := _WORD.match(text, match.start("v"))) and _strange(word[0]):
                    yield _whole(text, word, after_cue=True)
        if not tokens.isdisjoint(_BEFORE_NEED):
            for match in _BEFORE.finditer(text):
                if (
                    _clear(match[0])
                    or (match.start() == 0 and _strange(match[0]))
                    or (_title(match[0]) and _known(match[0]))
                ):
                    yield _whole(text, match, after_cue=False)
        if not tokens.isdisjoint(clear_surnames()):
            yield from self._pairs(text)
        if not tokens.isdisjoint(known_names()):
            yield from self._without_cue(text)

    def _pairs(self, text: str) -> Iterator[Span]:
        """An unknown capital word before a known surname."""
        for match in _PAIR.finditer(text):
            last = _bare(match["last"].rpartition(" ")[2])
            if last in clear_surnames() and _title(match["v"]):
                yield Span(
                    match.start(), match.end() - (2 if match["last"].lower().endswith("'s") else 0), "PERSON", 0.8
                )

    def _without_cue(self, text: str) -> Iterator[Span]:
        seen = 0
        for word in _WORD.finditer(text):
            lower = _bare(word[0])
            if lower not in known_names() or word.start() < seen:
                continue
            span = _whole(text, word, after_cue=False)
            seen, alone = span.end, span.end <= word.end()
            if word[0].isupper() and alone and not text.isupper():
                continue
            if lower in clear_names() or (not alone and word[0][0].isupper()):
                yield span


_DASHES = frozenset("-–—~")


def _whole(text: str, first: re.Match[str], *, after_cue: bool) -> Span:
    """A name and the initials, particles and surnames that follow it; possessive 's stays outside."""
    end = first.end() - (2 if first[0].lower().endswith(("'s", "’s")) else 0)
    titled = first[0][0].isupper()
    for _ in range(3):
        follow = _NEXT.match(text, end)
        if not follow or end < first.end():
            break
        word = follow["word"]
        if titled:
            more = (
                _title(word)
                or (word[0].isupper() and _bare(word) in surnames())
                or (word.endswith(".") and word[0].isupper())
            )
        else:
            more = not word[0].isupper() and (
                word.endswith(".")
                or (_bare(word) in surnames() and _bare(word) not in ordinary_words())
                or (after_cue and len(word) > 2 and not _ordinary(word))
            )
        if not more:
            break
        end = follow.end()
        if word.lower().endswith(("'s", "’s")):
            end -= 2
            break
    return Span(first.start(), end, "PERSON", 0.8)
