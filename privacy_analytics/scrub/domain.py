# ruff: noqa: E501  a pattern broken over lines is harder to read
"""What sounds like a person or a place and is music: it survives the scrubber.

`survives` is asked for every PERSON, LOCATION and ADDRESS span, whoever found it. It decides, in this order:

1. inside a longer known term ("Max" in "Max for Live", "Taylor" in "Taylor Swift"): survives, unless a clear
   personal context surrounds the whole term ("cheers, Tom Jones");
2. a personal context ("my friend Drake", "cheers, Madonna", "Max said", "Drums by Marek"): masked;
3. a style reference ("sounds like ...", "... type beat", "artists like ..., ... and ..."): survives, known or not;
4. a known artist, product or genre: survives; where it is a common first name or surname too (Max, Prince), or
   a town, only beside a word of the studio ("the Max patch");
5. a track or preset name, studio words throughout, or an ambiguous name beside one ("Hope Outro"): survives;
6. what is named as a thing ("loading ...", "the ... preset") or written as one (ValvEQ): survives, unless it is a
   first name.

Everything else is masked.
"""

from __future__ import annotations

import re

from privacy_analytics.scrub.lists import (
    artists,
    cities,
    clear_names,
    firsts,
    genres,
    known_names,
    ordinary_words,
    pairs,
    parts,
    products,
    seconds,
    surnames,
)
from privacy_analytics.scrub.spans import Span

TYPES = frozenset({"PERSON", "LOCATION", "ADDRESS"})
REACH = 48
"""Characters looked at on either side."""
FAR = 120
"""As many in front of lists, and behind a name."""
LONGEST = 5
"""Words on either side that a known term may add."""

_KIN = r"(?:wife|husband|girlfriend|boyfriend|gf|bf|partner|bandmate|friend|buddy|mate|pal|brother|bro|sister|mum|mom|mother|dad|father|son|daughter|teacher|boss|producer|singer|vocalist|drummer|guitarist|bassist|engineer|manager|cousin|roommate|flatmate|colleague|client|student|uncle|aunt|neighbou?r|assistant|intern|coach|fianc[ée]e?)"
_ROLE = r"(?:vocals?|vox|drums|bass|guitars?|keys|synths?|strings|mix(?:ed|ing)?|master(?:ed|ing)?|produced|recorded|written|sung|played|performed|programmed|arranged|lyrics|beat|artwork)"
_PERSONAL_BEFORE = re.compile(
    rf"(?<!\w)(?:(?:my|our|his|her|their|your|a) (?:\w{{2,12}} )?{_KIN}s?,? (?:is |was |called |named )?|"
    r"(?:names? is|name'?s|name:|i'?m|i am|this is|it'?s|call me|named|called me|known as)\s|"
    r"(?:(?:hi|hey|hello|yo|dear|cheers|thanks|thank you|thx|ty)[,!.]?|(?:regards|best|love|sincerely|yours|greetings|signed|xoxo)(?:[,!.]|(?=\n)))\s{1,3}[-~–—]?\s?|"
    r"(?:call|email|text|ping|met|meet|tell|told|ask|asked|message|messaged|dm|invite|invited|remind|contact|cc|attn:?|from:|to:)\s|"
    r"(?:mr|mrs|ms|miss|mx|dr|prof|professor|officer|doctor)\.?\s|"
    r"(?:patient|customer|client|employee|caller|guest|passenger|suspect|witness|holder)(?: is| was| named| name)?(?: not)?:?\s|"
    r"(?:lives?|lived|living|based|born|grew up|raised|moved|moving|reside[sd]?|residing) (?:\w{2,8} )?(?:in|to|near)\s|"
    rf"{_ROLE} by\s|(?:collab|session|call|jam|meeting|rehearsal|writing) with\s|"
    r"(?:sent|emailed|forwarded|gave|showed|shared|paid) (?:[^\W\d]{1,12} ){0,4}to\s)$",
)
_PERSONAL_AFTER = re.compile(
    r"(?:'s|,)?\s(?:said|says|told|asked|asks|emailed|texted|messaged|wrote|wants? (?:me|us|to)|needs? (?:me|us)|sent (?:me|us)|and (?:i|me)\b|from (?:the|my|our) (?:band|label|studio|office|school)|speaking\b|here\b)"
    r"|'s (?:phone|email|e-mail|number|address|account|birthday|house|laptop|studio|take|takes|wife|husband|mum|mom|dad|brother|sister)\b",
)
_STYLE_BEFORE = re.compile(
    r"(?:more like|sound(?:s|ed|ing)? (?:\w+ )?(?:like|as)|something like|stuff like|similar to|(?:beats?|drops?|vocals?|kicks?|snares?|bass|leads?|pads?|chords?|drums|mix|feel|tracks?|songs?|music|that) like|"
    r"(?:vibes?|sound|style|tone|feel|spirit|manner|vein) (?:of|like)|à la|a la|inspired by|influenced by|influences?(?: are|:)?|reminds me of|covers? of|remix(?:es)? (?:of|by)|"
    r"(?:songs?|tracks?|albums?|tunes?|beats?|mixtape|ep|lp|music|record|remix) (?:by|from|of)|fans? of|listen(?:s|ed|ing)? to|(?:artists?|producers?|bands?|rappers?|djs?|singers?|people|composers?|acts?|names?|legends) (?:such as|like|are|is|:)|"
    r"references?(?: tracks?)?(?: are| is|:)|like(?: early| old| late| classic)?|love|loves|adore|into|heard|hear|hearing|does|how did|how does|can make|that|early|classic|old|type|typical)\s{1,2}(?:early |old |late |classic |the |a |an )?$",
)
_SURE_BEFORE = re.compile(
    r"(?:more like|sound(?:s|ed|ing)? (?:\w+ )?(?:like|as)|something like|stuff like|similar to|(?:beats?|drops?|vocals?|kicks?|snares?|bass|leads?|pads?|chords?|drums|vibes?|tracks?|songs?|music) like|"
    r"(?:vibes?|sound|style|tone|feel|spirit|vein) of|à la|a la|inspired by|influenced by|influences(?: are|:)|reminds me of|covers? of|remix(?:es)? of|"
    r"(?:songs?|tracks?|albums?|tunes?) by|fans? of|listen(?:s|ed|ing)? to|(?:artists?|producers?|bands?|rappers?|djs?|singers?|composers?) (?:such as|like)|references?(?: tracks?)?(?: are| is|:))\s{1,2}(?:early |old |late |classic |the )?$",
)
_SURE_ENDS = ("like", "as", "to", "of", "la", "by", "are", "is", ":", "early", "old", "late", "classic", "the")
"""What `_SURE_BEFORE` ends with, white space aside."""
_STYLE_LIST = re.compile(
    r"(?:artists?|producers?|bands?|rappers?|djs?|composers?|singers?|influences?|references?|refs|inspired by|influenced by|sounds? like|style of|vibes? of|mix of|cross between|blend of|somewhere between|between)"
    r"(?: (?:such as|like|are|is|include|including)|:)?\s(?:[\w.'&-]{1,20}(?:\s[\w.'&-]{1,20}){0,3}(?:,\s?(?:and |or )?|\s(?:and|or|meets|x|vs\.?|&)\s)){1,6}$",
)
_LIST_ENDS = (",", "and", "or", "meets", "x", "vs", "vs.", "&")
"""What `_STYLE_LIST` ends with, white space aside."""
_STYLE_AFTER = re.compile(
    r"\s(?:[^\W\d_]{2,20}[ -](?=(?:type|style|vibe)))?(?:type|style|esque|inspired|vibes?|influences?|influenced|remix|cover|flip|edit|bootleg|beats?|discography|records?|album|era|sample|samples)\b"
    r"|-(?:style|type|ish|esque|like|inspired|influenced|era)|esque\b"
    r"|'s (?:album|song|track|sound|music|style|drop|drops|production|early|latest|remix|beats?|discography|catalogue|ep|lp|first|second|debut|new album|snare|kick|drum|drums|bass|reverb|synths?|pads?|chords|drum sound|snare sound|vocal (?:sound|chain)|mixes)\b"
    r"|\s(?:and|x|&|or|meets)\s[\w.'-]{1,20}(?:\s[\w.'-]{1,20})?\s(?:influences?|vibes?|style|type beat|inspired)\b",
)
_THING_BEFORE = re.compile(
    r"(?<!\w)(?:load(?:ing|ed|s)?|insert(?:ing|ed)?|instance of|plug-?in|preset|patch|vst3?|au|aax|synth|reverb|compressor|eq|limiter|using|open(?:ing|ed)?|bypass(?:ing|ed)?|automat(?:e|ing)|install(?:ing|ed)?|update|updated|updating|rescan|render|crash(?:es|ed)? (?:in|with|when)|version of|demo of|licen[cs]e for|settings? (?:in|for|on)|put|genre|called|some|of|in|on|through|into|with|via|and|than|between|or|is|the|a|an|my|this|that|any|another|use|try|like|vs\.?|prefer|want|for|does|do|can|without|about|to)\s{1,2}[\"'(]?(?:the |an? |my |some )?$",
)
_THING_AFTER = re.compile(
    r"[\"')]?\s?(?:['’]s )?(?:plug-?ins?|presets?|patch(?:es)?|synth|synths|vst3?|au|aax|reverb|delay|echo|compressor|comp|eq|limiter|clipper|saturat\w{1,4}|distortion|chorus|flanger|phaser|filter|amp|pedal|preamp|mic|microphone|oscillator|wavetable|sampler|library|expansion|pack|interface|controller|keyboard|drum machine|emulation|mono|stereo|\(m|\(s|v?\d|on (?:the|my|a|every|each|both|all)\b|in the (?:mix|chain|rack|project|insert|session|master)|before (?:the|my)|after (?:the|my)|as an? (?:insert|send)|bus\b|insert|track\b|beat\b|genre|scene|drop\b|bassline|groove|tutorial|manual|settings?|knob|macro|lfo|envelope|window|gui|version|update|licen[cs]e|crash\w{0,3}|instance|sound\b)",
)
_SURELY_THING_BEFORE = re.compile(
    r"(?<!\w)(?:turn(?:ed|ing)? (?:off|on)|load(?:ing|ed)?|bypass(?:ing|ed)?|insert(?:ing|ed)?|install(?:ing|ed)?|automat(?:e|ing)|updat(?:e|ing)|compare|"
    r"presets? (?:of|for|in)|settings? (?:[^\W\d]{1,5} ){0,3}(?:for|of|in)|guides? to|tutorials? (?:on|for|about)|knobs? (?:of|on|in)|"
    r"explain what|why does|how does|instances? of|version of|tips (?:for|on|about)|crashes (?:in|with)|genre(?: is| of)?|subgenre of|add some|a bit of|more)\s(?:the )?$",
)
_SURELY_THING_AFTER = re.compile(
    r"\s(?:crash(?:es|ed|ing)?|is (?:active|silent|loaded|bypassed|installed|deprecated|missing)|adds? (?:latency|noise|distortion|cpu)|"
    r"plug-?ins?|presets?|patch|synth|reverb|compressor|eq|mono|stereo|music|rock|pop|blues|jazz|techno|house|metal|folk|dance|trance|rap|genre|scene)\b|\s\((?:[ms]|\d)\b",
)
_SHAPE = re.compile(
    r"(?!Mac|Mc|De|Di|Du|La|Le|Jo|Van|O['’])(?:[A-Z]{2,5}|\w*[A-Z]{2}\w*[a-z]\w*|\w*[a-z]\w*[A-Z]\w*)(?:\s\d{1,3})?"
)
"""Acronyms and capitals within a word: a product is written so, a person hardly."""
_STEMS = frozenset(
    [
        "vox",
        "vocal",
        "vocals",
        "lead",
        "leads",
        "pad",
        "pads",
        "bass",
        "drum",
        "drums",
        "kick",
        "snare",
        "hat",
        "hats",
        "clap",
        "perc",
        "percussion",
        "keys",
        "piano",
        "guitar",
        "gtr",
        "synth",
        "strings",
        "brass",
        "choir",
        "fx",
        "riser",
        "intro",
        "outro",
        "verse",
        "chorus",
        "bridge",
        "hook",
        "drop",
        "break",
        "fill",
        "loop",
        "pluck",
        "arp",
        "stab",
        "chord",
        "chords",
        "bell",
        "bells",
        "take",
        "stem",
        "track",
        "preset",
        "patch",
        "bus",
        "send",
        "return",
        "mix",
        "master",
        "bounce",
        "demo",
        "idea",
        "v",
        "sub",
        "lick",
        "riff",
        "melody",
        "harmony",
        "adlib",
        "adlibs",
        "double",
    ]
)


_MODEL = re.compile(r"[ -]?[A-Z]{0,3}\d{1,5}[A-Za-z]{0,3}\b")
_POSTCODE = re.compile(r"\s\d{4,5}$")


def is_reference(text: str, span: Span) -> bool:
    """Whether a name is said as a matter of style ("something like ...", "... type beat"): nobody in the room."""
    before, after = text[max(0, span.start - FAR) : span.start].lower(), text[span.end : span.end + FAR].lower()
    said = before.rstrip()
    return (
        _STYLE_AFTER.match(after) is not None
        or (said.endswith(_SURE_ENDS) and _SURE_BEFORE.search(before[-REACH:]) is not None)
        or (said.endswith(_LIST_ENDS) and _STYLE_LIST.search(before) is not None)
    )


def survives(text: str, span: Span) -> bool:
    """Whether a PERSON, LOCATION or ADDRESS span is music rather than somebody; False for all other types.

    Pure; a few dozen set look-ups and at most six bounded searches next to the span.
    """
    if span.type not in TYPES:
        return False
    words = parts(text[span.start : span.end])
    if words and words[-1] == "s" and text[span.start : span.end].endswith(("'s", "’s")):
        words.pop()
    if not words:
        return False
    head = text[max(0, span.start - REACH) : span.start].lower()
    tail = text[span.end : span.end + REACH].lower()
    if _inside_term(words, head, tail):
        return True
    personal = _PERSONAL_BEFORE.search(head) is not None or _PERSONAL_AFTER.match(tail) is not None
    if span.type == "ADDRESS":
        named = [word for word in words if not word.isdigit()]
        shaped = _SHAPE.fullmatch(text, span.start, span.end) is not None and not personal
        return shaped or " ".join(words) in products() or (" ".join(named) in products() and not personal)
    if personal or (len(words) > 1 and " ".join(words) in cities()):
        return False
    return (
        is_reference(text, span)
        or _known(words, head, tail, place=span.type == "LOCATION")
        or _studio(words, tail)
        or _thing(words, text, span, head, tail)
    )


def _inside_term(words: list[str], head: str, tail: str) -> bool:
    """Whether a known term of several words covers the span and more."""
    if words[0] not in seconds() and words[-1] not in firsts():
        return False
    before, after = parts(head), parts(tail)
    joined = (before and (before[-1], words[0]) in pairs()) or (after and (words[-1], after[0]) in pairs())
    if not joined:
        return False
    middle = " ".join(words)
    for left in range(min(LONGEST, len(before)) + 1):
        start = " ".join([*before[len(before) - left :], middle])
        for right in range(min(LONGEST, len(after)) + 1):
            if (left or right) and _is_term(" ".join([start, *after[:right]])):
                return True
    return False


def _is_term(term: str) -> bool:
    return term in products() or term in artists()


def _known(words: list[str], head: str, tail: str, *, place: bool) -> bool:
    term = " ".join(words)
    if not (term in products() or (term in artists() and not place)):
        return False
    if len(words) > 1:
        return term not in cities()
    if term in genres() and not place:
        return True
    ambiguous = term in known_names() or term in surnames() or term in cities()
    return not ambiguous or _beside_studio(tail) or (_STYLE_BEFORE.search(head) is not None and term in artists())


def _beside_studio(tail: str) -> bool:
    return _THING_AFTER.match(tail) is not None


def _studio(words: list[str], tail: str) -> bool:
    """Track and preset names: studio words throughout, or an ambiguous name joined to one ("Grace Pad")."""
    letters = [word for word in words if not word.isdigit()]
    if not letters:
        return False
    names = [word for word in letters if word in known_names() or not (word in ordinary_words() or word in products())]
    if not names:
        return True
    if any(word in clear_names() or word in surnames() or word not in known_names() for word in names):
        return False
    after = parts(tail)[:1] if tail[:1] in (" ", "_") else []
    return any(word in _STEMS for word in [*words, *after])


def _thing(words: list[str], text: str, span: Span, head: str, tail: str) -> bool:
    """Named as a thing, and no word of it is a first name."""
    if any(word in clear_names() for word in words):
        return False
    model = _MODEL.match(text, span.end)
    if (model and not (span.type == "LOCATION" and _POSTCODE.match(model[0]))) or _beside_product(head, tail):
        return True
    if any(word in known_names() for word in words):
        return False
    return (
        _SHAPE.fullmatch(text, span.start, span.end) is not None
        or _SURELY_THING_BEFORE.search(head) is not None
        or _SURELY_THING_AFTER.match(tail) is not None
        or (_THING_AFTER.match(tail) is not None and _THING_BEFORE.search(head) is not None)
    )


def _beside_product(head: str, tail: str) -> bool:
    """After a maker's name or before a genre: "Neve Portico", "christian rock"."""
    maker = parts(head)[-1:] if head[-1:] == " " and head[-2:-1].isalnum() else []
    after = parts(tail)[:2] if tail[:1] == " " else []
    return any(word in products() for word in maker) or any(" ".join(after[:count]) in genres() for count in (1, 2))
