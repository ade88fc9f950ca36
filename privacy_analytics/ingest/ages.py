"""Who says of themselves that they are under 18 (policy §2), in what they wrote: "i'm 15", "15 year old producer here".

Only the first person and the present count, and a number that stands alone or with years: "I'm 15 minutes in", "when I
was 15" and "my son is 15" are about something else. English, and the plain sentences of German, French and Spanish.
Rules find what is said plainly, not who is young.
"""

from __future__ import annotations

import re

import polars as pl

from privacy_analytics.scrub.normalize import normalize

_WORDS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
_AGE = rf"(?:1[0-7]|{_WORDS})"
_CHILD = rf"(?:[4-9]|1[0-7]|five|six|seven|eight|nine|{_WORDS})"
"""An age that words about years stand beside."""
_NEXT = rf"(?:1[0-8]|{_WORDS}|eighteen)"
"""An age that is still to come."""
_OLD = r"(?:(?:[ -]{0,2}(?:years?|yrs?)[ -]{0,2}olds?|[ -]?y\.?/?o)\b)"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_UNIT = rf"(?:week|month|year|spring|summer|fall|autumn|winter|(?:mon|tues|wednes|thurs|fri|satur|sun)day|{_MONTH})"
_FEW = r"(?:(?:an?|one|two|three|four|five|six|\d{1,2}|few)\s)?(?:few\s|couple\s(?:of\s)?)?(?:days?|weeks?|months?)"
_SOON = rf"(?:tomorrow|soon|(?:next|this|later\sthis)\s{_UNIT}|in\s(?:{_FEW}|{_MONTH}))\b"
_LATELY = rf"(?:today|yesterday|recently|last\s(?:week|month)|this\s(?:week|month)|{_FEW}\sago)\b"
_SUPPOSED = (
    r"((?:like|as\sif|as\sthough|if|when|whenever|until|till|unless|pretend|pretending|imagine|suppose"
    r"|assume|assuming|say|says|said|think|thinks|thought)\s{1,2}(?:that\s)?)?"
)
_SOFTLY = (
    r"only|just|currently|still|about|like|already|also|actually|literally|really|basically|almost|nearly|legally"
    r"|technically|now"
)
_I = rf"\b{_SUPPOSED}i(?:'?m|\s(?:'?m|am))(?:\s(?:{_SOFTLY})){{0,3}}"
_GOES_ON = (
    r"and(?!\s(?:(?:an?|one)\s)?(?:half|quarter|counting|\d))|but|so|btw|lol|lmao|haha|rn|right\snow|now|today|because|bc"
    r"|cuz|coz|cause|i|im|my|this|living|who|with|too|please|pls|plz|though|tho|also|just|almost|turning"
    r"|from(?!\s(?:the|here|there))|in\s(?:high|middle|secondary|primary)?\s?school|in\s\d{1,2}th\sgrade"
    r"|und(?!\s\d)|aber|weil"
)
_ENDS = (
    r"(?:\sand\sa\shalf)?(?=[ \t]{0,3}(?:$|\n|[.!?,;:](?![ \t]?[\d%-])|[)\]\"*~]|[☀-➿🌀-🫿]|-{1,2}\s(?!\d)|\((?!\d))"
    rf"|\s(?:{_GOES_ON})\b)"
)
"""What comes behind an age, and not behind a number of something."""
_PEOPLE = (
    r"(?:producer|kid|girl|boy|guy|dude|teen|teenager|student|beginner|musician|beatmaker|rapper|singer|guitarist"
    r"|drummer|pianist|bassist|artist|songwriter|composer|dj|newbie|noob|male|female)"
)
_THINGS = (
    r"(?!\s(?:mac|macbook|pc|computer|laptop|machine|song|track|record|recording|plugin|synth|interface|guitar|project"
    r"|version|sample|company|file)\b)"
)

_SAYS = re.compile(
    "|".join(
        [
            rf"{_I}\s(?:an?\s|aged\s)?{_CHILD}{_OLD}",
            rf"{_I}\s(?:aged\s)?{_AGE}(?:\s(?:years|yrs))?{_ENDS}",
            rf"{_I}\s(?:almost\s|nearly\s|not\s(?:even\s|quite\s|yet\s)?|under\s(?:the\sage\sof\s)?)(?:18|eighteen)\s?(?:yet\b|{_OLD}?{_ENDS})",
            r"\bi(?:'?m|\sam)\s(?:still\s)?under\s?age(?:d)?\b",
            rf"\bi(?:'?ll|\swill|'?m|\sam)?\s(?:be|turn|turning|(?:gonna|going\sto)\s(?:be|turn))\s{_NEXT}\s{_SOON}",
            rf"\bmy\s(?:[5-9]|1[0-8])th\s(?:birthday|bday)(?:'s|\sis)\s(?:{_SOON}|coming)",
            rf"(?:^|[.!?,(\n]\s?|\bi(?:'ve|\shave)?\s)(?:just|only\sjust|recently)\sturned\s{_AGE}{_ENDS}",
            rf"\bi(?:'ve|\shave)?\s(?:just\s)?turned\s{_AGE}\s{_LATELY}",
            rf"\bas\san?\s{_CHILD}{_OLD}{_THINGS}",
            rf"\b(?<![-.\d]){_CHILD}{_OLD}(?:(?:\s[a-z-]{{2,15}}){{0,2}}\s{_PEOPLE})?(?:,|\sfrom\s[a-z]{{2,20}})?\shere\b",
            rf"\bi\s?\([mf]?\s?{_AGE}\s?[mf]?\)",
            rf"\bmy\sage(?:'s|\sis|:)\s?{_AGE}{_ENDS}",
            rf"\bich\sbin\s(?:erst\s|gerade\s|noch\s|schon\s){{0,2}}1[0-7](?:\s?jahre?\salt\b|{_ENDS})",
            r"\bj(?:e\sn)?'?\s?ai\s(?:que\s|seulement\s|juste\s)?1[0-7]\sans\b(?!\s(?:de?\b|d'|dans|en))",
            r"\btengo\s(?:s[oó]lo\s|apenas\s)?1[0-7]\sa[nñ]os\b(?!\s(?:en|con|\w{2,12}ndo|de(?!\sedad))\b)",
        ]
    )
)
_GAP = re.compile(r"[ \t]+")
_NUMBER = r"(?:\b(?:[4-9]|1[0-8])|teen|\bten\b|eleven|twelve|five|six|seven|eight|nine)"
_MAYBE = (
    r"(?is)(?:\b[iı].{0,3}m\b|\bbin\b|\bj.{0,5}ai\b|tengo|turn|\bbe\b|day\b|\bage|\bas an?\b|\bi ?\().{0,30}?"
    rf"{_NUMBER}|{_NUMBER}.{{0,3}}(?:ye?a?r|y.?o)|under.?age"
    r"|[\x{200B}-\x{200F}\x{2060}\x{FF10}-\x{FF5A}\x{1D400}-\x{1D7FF}]|\p{Cyrillic}|\p{Greek}"
)
"""What a text has that says so; also letters that may only look like it. Rust's engine reads it in linear time."""


def says_minor(text: str) -> bool:
    """Whether whoever wrote a text says in it that they are under 18."""
    plain = _GAP.sub(" ", normalize(text).text.casefold())
    return any(hit.lastindex is None for hit in _SAYS.finditer(plain))


def minors(texts: pl.Series) -> pl.Series:
    """For each text whether its writer says so; false where there is none."""
    maybe = texts.str.contains(_MAYBE).fill_null(value=False)
    sure = [says_minor(text) for text in texts.filter(maybe)]
    return maybe.scatter(maybe.arg_true(), sure) if sure else maybe
