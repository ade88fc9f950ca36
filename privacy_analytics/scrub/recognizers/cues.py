# ruff: noqa: E501  a pattern broken over lines is harder to read
"""What is said before a name, and which words may then be one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from privacy_analytics.scrub.lists import cities, clear_surnames, surnames
from privacy_analytics.scrub.recognizers.base import Glance, Matches, Pattern
from privacy_analytics.scrub.recognizers.words import (
    WORD,
    anything,
    bare,
    caseless,
    clear,
    known,
    strange,
    title,
    whole,
)
from privacy_analytics.scrub.spans import Span


def _titled_or_known(word: str) -> bool:
    return (title(word) and not (word.isupper() and len(word) < 4)) or known(word)


def _clear_or_titled(word: str) -> bool:
    titled = title(word) and not word.isupper() and (known(word) or bare(word) in clear_surnames())
    return clear(word) or caseless(word) or (titled and bare(word) not in cities())


def _clear_or_listed_title(word: str) -> bool:
    return title(word) and _clear_or_titled(word)


_LISTED = frozenset({known, _clear_or_titled, _clear_or_listed_title})
"""Gates that only let through what is on a list of names, or of a script without capitals."""
_LOOSE = frozenset({anything, strange})
"""Gates that let through what is on no list; other names may then follow that are on none."""


def _clear_or_strange_title(word: str) -> bool:
    return clear(word) or (title(word) and not word.isupper())


@dataclass(frozen=True, slots=True)
class Cue(Pattern):
    """What is said before a name; ``gate`` says which words may then be one."""

    gate: Callable[[str], bool] = anything

    def suited(self, texts: Iterable[int], glances: Sequence[Glance]) -> Iterable[int]:
        """Where the gate only lets through what is on a list, texts with such a word; or with another script."""
        if self.gate in _LISTED:
            texts = [at for at in texts if glances[at].named or not glances[at].text.isascii()]
        return Pattern.suited(self, texts, glances)

    def spans(self, matches: Matches) -> list[Span]:
        """Names that follow it."""
        gate = self.gate
        names = [WORD.match(match.string, match.end()) for match in matches]
        return [whole(name.string, name, after_cue=gate in _LOOSE) for name in names if name and gate(name[0])]


def _cue(
    need: str, regex: str, gate: Callable[[str], bool], *, anchored: bool = False, hint: str = "", also: str = ""
) -> Cue:
    return Cue(
        "PERSON",
        re.compile(rf"(?<!\w)(?:{regex})", re.IGNORECASE),
        frozenset(need.split()),
        anchored=anchored,
        hint=re.compile(hint) if hint else None,
        also=frozenset(also.split()),
        gate=gate,
    )


_KIN = "wife|husband|girlfriend|boyfriend|partner|bandmate|friend|buddy|mate|brother|sister|mum|mom|mother|dad|father|son|daughter|teacher|boss|producer|singer|vocalist|drummer|guitarist|bassist|engineer|manager|cousin|roommate|flatmate|colleague|client|student|uncle|aunt|neighbor|neighbour|gf|bf|fiancé|fiancée|songwriter|rapper|keyboardist|intern|assistant|coach"
AFTER = (
    _cue(
        "name names named",
        r"(?:my|his|her|their|our|full|real|first|last|user|[^\W\d]{2,12}'?s) names?(?:'?s| is|:| =)\s{1,2}(?:is )?|names? (?:from|on (?:the )?(?:account|card|licen[cs]e|invoice))(?: is|:)?\s|what'?s (?:your|his|her) (?:\w{4,5} )?name\?\s",
        anything,
        hint=r"name(?:s?(?:'?s| is|:| =| from| on)|\?)",
    ),
    _cue("name", r"name from [^\W\d_]{2,20}(?:\s[^\W\d_]{2,20}){0,2} to\s", anything, anchored=True),
    _cue(
        "mr mrs ms miss mx dr prof professor madam officer",
        r"(?!(?-i:MS|MX)\b)(?:mr|mrs|ms|miss|mx|dr|prof|professor|madam|officer)\.?\s",
        lambda word: (anything(word) and len(word) > 1) or (word[0].isupper() and bare(word) in surnames()),
        anchored=True,
    ),
    _cue(
        "name contact customer client patient employee author attn from to cc owner user by participant recipient sender for split writer writers credit credits booked prepared username",
        r"(?:name|contact|customer|client|patient|employee(?: record)?|author|attn|from|to|cc|owner|user|participant|recipient|sender|by|for|split sheet|writers?|credits|booked by|prepared by)(?:_?name)?[\"']?\s?[:=]\s{0,2}[\"']?",
        _titled_or_known,
        anchored=True,
        hint="[:=]",
    ),
    _cue(
        "signed sincerely yours account registered belongs admin license licence licensed licenced",
        r"(?:signed|sincerely|yours|account under|registered (?:to|under)|belongs to|admin is|licen[cs]ed to)[,:]?\s{1,3}(?:[-~]\s?)?",
        strange,
        anchored=True,
    ),
    _cue(
        "dear kind warm regards cheers thanks thx thank ty best greetings love yours",
        r"(?:dear|(?:kind |best |warm )?regards|cheers|thanks|thank you|thx|ty|best|greetings|yours truly|love)(?:[,!.]?\s{1,3}(?:[-~]\s?)?|\s?[-~]\s?)(?=[^\s]+(?:\s[^\s]+){0,2}\s?$)",
        strange,
        anchored=True,
    ),
    _cue(
        "dear regards cheers thanks thx thank ty best love greetings yours",
        r"(?:dear|regards|cheers|thanks|thank you|thx|ty|best|love|greetings|yours truly)(?:[,!.]?\s{1,3}(?:[-~]\s?)?|\s?[-~]\s?)",
        _clear_or_strange_title,
        anchored=True,
    ),
    _cue(
        "this it its",
        r"(?:this is|it's|it is|its)\s(?=[^\s]+(?:\s[^\s]+){0,2}?(?:,| here\b| from\b| again\b| speaking\b))",
        strange,
        anchored=True,
    ),
    _cue("yo hey hi hello", r"(?:yo|hey|hi|hello)\s(?=[^\s]{2,20} here\b)", anything, anchored=True),
    _cue(
        "i im",
        r"(?:i'm|im|i am)\s(?=[^\s]+(?:\s[^\s]+){0,2}?(?:,? (?:from|and i|here|the)\b|,|\.|$))",
        _clear_or_strange_title,
        anchored=True,
    ),
    _cue("i im", r"(?:i'm|im|i am)\s(?=[^\s]+(?:\s[^\s]+){0,2}? and i\b)", strange, anchored=True),
    _cue(
        "call called named calls",
        r"(?:(?:call|calls) me|(?:is|am|was|guy|girl|named|someone) (?:called|named)|named)\s",
        _titled_or_known,
    ),
    _cue(
        "my our his her their",
        rf"(?:my|our|his|her|their) (?:\w{{2,12}} )?(?:studio partner|{_KIN}),?\s(?:is |was |called |named )?",
        strange,
        anchored=True,
        also=_KIN.replace("|", " "),
    ),
    _cue(
        "tell ask text ping email meet met told asked message credit invite remind asking contact says said",
        r"(?:tell|ask|text|ping|email|meet|met|told|asked|asking|message|credit|invite|remind|contact|said|says)\s",
        _clear_or_strange_title,
        anchored=True,
    ),
    _cue(
        "tell ask asked told explain",
        r"(?:tell|ask|asked|told|explain to)\s(?=[^\s]+\s(?:i|we|to|what|how|why|if|that|about|when|where|who|for|he|she)\b)",
        strange,
        anchored=True,
    ),
    _cue(
        "_",
        r"(?:vox|vocals?|lead|gtr|guitar|bass|keys|synth|strings|bv|bvs|comp|stem|take|mix|demo)[_](?=[^\W\d_]+[_.])",
        known,
        hint="_[^\\W\\d_]",
        also="vox vocal vocals lead gtr guitar bass keys synth strings bv bvs comp stem take mix demo",
    ),
    _cue("says said", r",\s(?:says|said)\s(?=[^\s]+[.!]?$)", strange),
    _cue("call", r"call\s(?=[^\s]+(?:\s[^\s]+)?\s(?:at|on|under)\s[+(\d])", strange),
    _cue(
        "did does", r"(?:did|does)\s(?=[^\s]+\s(?:use|do|mix|play|sing|record|want|say|send)\b)", strange, anchored=True
    ),
    _cue(
        "chain stem stems mix file files preset feedback note notes message mail",
        r"(?:chain|stems?|mix|files?|preset|feedback|note|message|mail|notes) from\s",
        strange,
        anchored=True,
    ),
    _cue(
        "it them this that export exports mix stem stems file files bounce track tracks song songs demo demos master masters",
        r"(?:(?:it|them|this|that) (?:again )?(?:for|to)|(?:export|mix|stems?|files?|bounce|track|song|demo|master)s? to)\s(?=[^\s]+(?:$| (?:but|and|so|because|yesterday|today|tomorrow|now)\b))",
        strange,
        anchored=True,
    ),
    _cue("hey hi hello yo", r"^(?:hey|hi|hello|yo)\s(?=[^\s,]+,)", strange),
    _cue(
        "hi hey hello yo welcome sorry good",
        r"(?:hi|hello|hey|yo|welcome|sorry|good morning|good evening)(?:\sthere)?,?\s",
        _clear_or_titled,
        anchored=True,
    ),
    _cue(
        "with by for from and to show give send let or",
        r"(?:with|by|for|from|and|to|show|give|send|let|or)\s",
        _clear_or_titled,
        anchored=True,
    ),
    _cue(
        "sent send stems files mix vocals credit recorded mixed mastered produced collab invoice ship",
        r"(?:(?:sent|send|credit|give|gave|emailed|forwarded|invoice|ship) (?:[^\W\d]{1,12} ){0,4}to|(?:recorded|mixed|mastered|produced|written|sung|played|drums|vocals|mix|guitars?|bass|keys) by|collab(?:ing|oration)? with|and the (?:mix|master) to)\s",
        strange,
    ),
    _cue(
        "customer client patient employee specialist user agent under of",
        r"(?:customer|client|patient|employee|specialist|user|agent|under|of)\s",
        _clear_or_listed_title,
        anchored=True,
    ),
    _cue(
        "vox vocal vocals lead guitar bass drums keys take feat ft gtr track",
        r"(?:vox|vocals?|guitar|gtr|bass|drums|keys|take|feat\.?|ft\.?)\s?[-:(_]?\s?",
        _clear_or_titled,
    ),
)
