# ruff: noqa: E501  a pattern broken over lines is harder to read
"""Where somebody lives: postal addresses, and "i live in ..."."""

from __future__ import annotations

import re

from privacy_analytics.scrub.lists import cities, key, ordinary_words
from privacy_analytics.scrub.recognizers.base import DIGITS, ChatRecognizer, anchored, digits, pattern, value

_STATE = r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
_WORD = r"[^\W\d_][\w'.-]{0,30}"
_UNIT = r"(?:,?\s(?:apt|apartment|suite|ste|unit|flat|floor|room|#)\.?\s?\w{1,6})?"
_TOWN = rf"(?:,\s?(?:{_WORD}\s){{0,2}}{_WORD}){{0,2}}(?:,?\s(?-i:{_STATE}))?(?:,?\s\d{{5}}(?:-\d{{4}})?)?"
_CLEAR = r"(?:street|avenue|boulevard|blvd|road|lane|parkway|pkwy|highway|terrace|crescent|ave|rd|ln)"
_SHORT = r"(?:St|Dr|Drive|Court|Ct|Circle|Cir|Way|Place|Pl|Ter|Square|Sq|Hwy|Close|Grove|Mews|Row|Walk|Alley|Gardens|Park|Hill|Trail|Loop|Plaza|Path|Run|Pike)"
_SHORTEST = r"(?:st|dr|ct|pl|cir|way|court|drive|place|close)"
_POST = rf"(?:,?\s(?:[A-Z]{{1,2}}-)?(?:\d{{2}}-\d{{3}}|\d{{3}}\s\d{{2}}|\d{{4}}\s?[A-Z]{{2}}|\d{{4,5}}(?:-\d{{3}})?)\s{_WORD}(?:\s(?-i:[A-ZÀ-Þ]){_WORD})?)?"
_UK = r"(?:,?\s[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})?"
_LIVE = re.compile(
    r"(?:an?|the|my|this|our|fear|hope|that|it|one|me|real|sync|mono|stereo|person|general|case|fact)\b", re.IGNORECASE
)


def _words(alternatives: str) -> str:
    return alternatives.lower().removeprefix("(?:").removesuffix(")").replace("|", " ")


_BEHIND = r" 9(?<=[aA. ] .)"
"""What `_behind` looks like."""


def _behind(endings: str) -> str:
    """A number behind a word that ends so, or behind two spaces."""
    return r"\s\d(?:(?<=\s\s\d)" + "".join(rf"|(?<={re.escape(ending)}\s\d)" for ending in endings.split()) + ")"


def _street(match: re.Match[str]) -> bool:
    words = re.findall(r"[^\W\d_]+", match["name"])
    return any(word.lower() not in ordinary_words() for word in words) or all(word[0].isupper() for word in words)


def _is_town(match: re.Match[str]) -> bool:
    town = value(match)
    return (
        not _LIVE.match(town)
        and town.lower() not in ordinary_words()
        and (town[0].isupper() or town.split()[0].lower() not in ordinary_words())
    )


def _starts_with_country(match: re.Match[str]) -> bool:
    return key(value(match).rpartition(" ")[0]) in cities()


def _is_known_town(match: re.Match[str]) -> bool:
    words = value(match).split()
    return any(key(" ".join(words[:count])) in cities() for count in range(1, len(words) + 1))


class PlaceRecognizer(ChatRecognizer):
    """ADDRESS and LOCATION."""

    patterns = (
        pattern(
            "ADDRESS",
            rf"(?<![\w.])(?:(?:flat|unit|apt)\s\w{{1,5}},\s)?\d{{1,6}}(?:-\d{{1,5}})?[A-Za-z]?,?\s(?:[NSEW]\.?\s)?(?P<name>(?:{_WORD}\s){{1,4}}){_CLEAR}\b\.?{_UNIT}{_TOWN}{_UK}",
            _words(_CLEAR),
            _street,
            least=1,
        ),
        pattern(
            "ADDRESS",
            rf"\d(?<![\w.].)\d{{0,5}}(?:-\d{{1,5}})?[A-Za-z]?,?\s(?:[NSEW]\.?\s)?(?P<name>(?:(?-i:[A-Z])[\w'.-]{{0,30}}\s){{1,4}})(?-i:{_SHORT})\b\.?{_UNIT}{_TOWN}",
            _words(_SHORT),
            _street,
            least=1,
        ),
        anchored(
            "ADDRESS",
            r"\b(?:(?<!ip )(?<!mac )(?<!mail )address(?: is|:)|live at|lives at|living at|(?:ship|mail|deliver|post)\w{0,4}\s(?:[^\W\d]{1,15}\s){0,4}to|located at)"
            r"\s{1,2}(?P<v>(?:[\w .'#/&()-]{1,48},\s{0,2}){0,4}[\w .'#/&()-]{0,48}\d\w{0,6})(?!\w)",
            "address live lives living ship ships shipped shipping mail mailed mailing deliver delivered post posted posting located",
            lambda m: digits(m, 3) and any(c.isalpha() for c in value(m)),
            least=3,
        ),
        pattern(
            "ADDRESS",
            r"\b[^\W\d_][\w-]{2,30}(?:stra(?:ss|ß)e|strasse|str\.|allee|gasse|gracht|platz|straat|laan|gatan|vej)\s{1,2}\d{1,4}\s?[a-z]?\b"
            + _POST,
            DIGITS,
            shape=_BEHIND,
            hint=_behind("sse ße str. allee gasse gracht platz straat laan gatan vej"),
        ),
        pattern(
            "ADDRESS",
            r"\b\d{1,4}(?: ?(?:bis|ter))?,?\s(?:rue|avenue|boulevard|chemin|all[ée]e|impasse|quai|calle|rua|calle)\s(?:d[eu](?: la| l')?\s?|des\s|d')?[^\W\d_][\w'-]{1,30}(?:\s(?-i:[A-Z])[\w'-]{1,30}){0,3}"
            + _POST,
            "rue avenue boulevard chemin allee allée impasse quai calle rua",
            least=1,
        ),
        anchored(
            "ADDRESS",
            r"\b(?:calle|rua|avenida|(?-i:Via)|(?-i:Viale)|(?-i:Piazza))\s(?:d[eio]l{0,2}[aeo]?\s)?[^\W\d_][\w'-]{2,30}(?:\s[^\W\d_][\w'-]{1,30}){0,2},?\s(?:n[o.º]?\s?)?\d{1,4}\b"
            + _POST,
            "calle rua avenida via viale piazza",
            least=1,
        ),
        pattern(
            "ADDRESS",
            r"\b(?-i:[A-ZÀ-Þ])[^\W\d_]{2,30}(?:weg|ring|damm|ufer|hof|kade|plein|singel|gade|stræde|vägen|vagen|väg|vegen|veien|tie|katu|kuja|polku|gränd|utca|útja)\s{1,2}\d{1,4}\s?[a-z]?\b"
            + _POST,
            DIGITS,
            shape=_BEHIND,
            hint=_behind(
                "weg ring damm ufer hof kade plein singel gade stræde vägen vagen väg vegen veien tie katu kuja polku gränd utca útja"
            ),
        ),
        anchored(
            "ADDRESS",
            r"\b(?:ul\.|al\.|os\.|pl\.|avda\.?|av\.|c/|via|viale|corso|piazza|largo|praça|travessa|bulevardul|strada|ulica|ulitsa|náměstí)\s(?-i:[A-ZÀ-Þ])[\w'.-]{1,30}(?:\s[\w'.-]{1,30}){0,3}?,?\s\d{1,4}[a-z]?\b(?:/\d{1,4})?"
            + _POST,
            "ul al os pl avda av c via viale corso piazza largo praça travessa bulevardul strada ulica ulitsa náměstí",
            least=1,
        ),
        pattern(
            "ADDRESS",
            r"(?m)^[>?\s]{0,8}(?P<v>\d{1,6}[a-z]?,?\s[^\n]{3,60}\n[>?\s]{0,8}(?:apt|apartment|suite|ste|unit|flat|floor)\.?\s?#?\w{1,6}(?:\s?\n[>?,\s]{0,8}(?-i:[A-ZÀ-Þ])[^\n:@]{1,40}){0,3}(?:\s?\n?[>?,\s]{0,8}\d{4,6}(?:-\d{3,4})?)?)",
            "apt apartment suite ste unit flat floor",
        ),
        pattern(
            "ADDRESS",
            r"\b(?:(?:psc|cmr|unit|uss|usns|uscgc)\s[\w.-]{1,20}(?:\s[\w.-]{1,20})?(?:,?\s(?:box|bldg)\s\d{1,6})?[,\s]{1,3})?(?:apo|fpo|dpo),?\s(?:aa|ae|ap)\s{1,2}\d{5}(?:-\d{4})?\b",
            "apo fpo dpo",
            least=5,
        ),
        pattern(
            "ADDRESS",
            r"(?m)^[>?\s]{0,8}(?P<v>(?-i:[A-ZÀ-Þ])[^\W\d_]{2,20}(?:\s(?-i:[A-ZÀ-Þ])[^\W\d_]{1,20}){0,2}\s\d{4,6})\s?$",
            DIGITS,
            _starts_with_country,
            least=4,
            shape=" 9999",
            hint=r"(?m)\s\d{4,6}\s?$",
        ),
        pattern(
            "ADDRESS",
            rf"\d(?<![\w.].)\d{{0,5}}[A-Za-z]?\s(?P<name>(?:{_WORD}\s){{1,3}}){_SHORTEST}\b\.?(?=,|\s(?:apt|unit|#)){_UNIT}{_TOWN}{_UK}",
            _words(_SHORTEST),
            _street,
            least=1,
        ),
        anchored(
            "ADDRESS", r"\b(?:apt|apartment|suite|ste)\b\.?\s?#?\d{1,5}[a-z]?\b", "apt apartment suite ste", least=1
        ),
        pattern("ADDRESS", r"\bp\.?\s?o\.?\s?box\s\d{1,7}", "box", least=1),
        pattern(
            "ADDRESS",
            rf"\b(?:(?-i:[A-Z])[\w'.-]{{1,30}}\s){{0,2}}(?-i:[A-Z])[\w'.-]{{1,30}},\s{_STATE}\s\d{{5}}(?:-\d{{4}})?\b",
            ",",
            case=False,
            least=5,
            hint=r",\s[a-z]{2}\s\d{5}",
        ),
        pattern(
            "ADDRESS",
            r"(?<![\w-])(?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[ABD-HJLNP-UW-Z]{2}|[ABCEGHJ-NPRSTVXY]\d[A-Z]\s\d[A-Z]\d)(?![\w-])",
            DIGITS,
            case=True,
            shape="9A(?:A| 9)",
        ),
        anchored(
            "ADDRESS",
            r"\b(?:zip|zip ?code|post ?code|postal code|plz)(?:\s(?:is|:)|:|\s)\s{0,2}(?P<v>\d{4,5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})\b",
            "zip zipcode postcode post postal plz",
            least=2,
        ),
        pattern(
            "LOCATION",
            r"\b(?:(?:i|we|she|he|they)(?:'?m|'?re| am| are)?\s(?:(?:all|both|now|currently|just|recently)\s){0,2}(?:live|lives|living|based|located|reside|moved|moving|grew up|residing)(?:\s(?:here|down|over|up))?\s(?:in|near|to)|(?:i'?m|i am|we'?re|we are)\s(?:originally )?from|greetings from|based in(?=\s(?-i:[A-Z]))|born in|my (?:home ?)?(?:town|city) is)"
            r"\s(?P<v>(?-i:[A-Z])[\w'-]{1,30}(?:\s(?-i:[A-Z])[\w'-]{1,30}){0,2}(?:,\s?(?-i:[A-Z])[\w'-]{1,30})?|[^\W\d_]{3,30}(?:\s(?:city|town|beach|york|angeles|francisco|diego|orleans|vegas|kong|aires|paulo|janeiro))?)",
            "live lives living based located reside residing moved moving grew from born town city hometown",
            _is_town,
            score=0.85,
            hint=r"(?:liv(?:e|es|ing)|based|located|residing|reside|mov(?:ed|ing)|grew up)(?:\s(?:here|down|over|up))?\s(?:in|near|to)\s|(?:m|re|ly|gs)\sfrom\s|born\sin|(?:town|city) is\s",
        ),
        anchored(
            "LOCATION",
            r"\b(?:(?:i'?m|i am|this is|name is|it'?s)\s(?:[^\W\d_][\w.'-]{0,20}\s){1,3}from|(?:bedroom|studio|flat|apartment|house|place|home|room|band|label|gig|show) (?:here )?(?:in|near)|my hometown,?|originally from|(?:moved|relocated|flew|travell?ed|driving|moving) (?:here )?(?:from|to)|(?:grew|raised) (?:up )?in|greetings from)"
            r"\s(?P<v>(?-i:[A-ZÀ-Þ])[\w'-]{1,30}(?:\s(?-i:[A-ZÀ-Þ])[\w'-]{1,30}){0,2}|(?:new |san |santa |los |las |saint |st\.? |el |la )?[^\W\d_]{3,30})(?!\w)",
            "i im this name it its bedroom studio flat apartment house place home room band label gig show my originally moved relocated flew traveled travelled driving moving grew raised greetings",
            _is_town,
            score=0.85,
            also="from in near to hometown",
        ),
        *(
            anchored(
                "LOCATION",
                rf"\b(?:(?:based|located|living|lives?|working) (?:in|near|out of)|moved (?:from [^\W\d]{{2,20}} )?to|moved from)\s(?P<v>{town})(?!\w)",
                "based located living live lives working moved",
                lambda match: key(value(match)) in cities(),
                score=0.85,
            )
            for town in (_WORD, rf"{_WORD}\s{_WORD}")
        ),
        anchored(
            "LOCATION",
            r"\b(?:in|from|to|near|at|around|of|that|lives?|visit(?:ed|ing)?)\s(?P<v>[A-ZÀ-Þ][\w'-]{1,30}(?:\s[A-ZÀ-Þ][\w'-]{1,30}){0,2})(?!\w)",
            "in from to near at around of that live lives visit visited visiting",
            _is_known_town,
            score=0.5,
            case=True,
            shape=" A",
        ),
    )
