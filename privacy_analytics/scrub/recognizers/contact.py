# ruff: noqa: E501  a pattern broken over lines is harder to read
"""How to reach somebody: e-mail, phone, profile and share links."""

from __future__ import annotations

import re
from itertools import pairwise

from privacy_analytics.scrub.lists import ordinary_words
from privacy_analytics.scrub.recognizers.base import DIGITS, ChatRecognizer, anchored, pattern

_AT = r"(?:\s?[(\[{<]\s?(?:at|@)\s?[)\]}>]\s?|\s(?:at|@|at sign)\s|&#64;)"
_DOT = r"(?:\s?[(\[{<]\s?(?:dot|\.)\s?[)\]}>]\s?|\sdot\s)"
_TLD = r"(?:com|net|org|edu|gov|io|co|uk|de|fr|es|it|nl|se|no|dk|fi|pl|pt|br|eu|us|ca|au|ch|at|be|ru|jp|in|me|info|dev|app|music|studio|online|xyz|tv|fm)"
_MAILER = r"(?:gmail|googlemail|hotmail|outlook|yahoo|icloud|protonmail|proton|gmx|aol|live|mail|web|me|msn|fastmail|zoho|yandex)"
_DOMAIN = r"@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
_SPELLED_TLD = rf"(?:(?:\.|{_DOT})[\w-]{{1,63}}?){{0,3}}(?:\.|\s\.|,|-dot-|{_DOT})\s?{_TLD}\b"
_ODD_MAIL = (  # there is more to it than name@site.com
    rf"[\s@\u00a9_(\[{{<&-](?:(?<=[\s_(\[{{<-])(?=\s?[@aodu.])\s?(?:(?:at(?:\ssign)?|@|[ao]\))[\s_)\]}}>-]{{0,2}}[\w-]{{1,63}}?{_SPELLED_TLD}|(?:dot|underscore|dash|\.)[\s)\]}}>])|(?<=\u00a9)|#64;"
    rf"|(?<=@)(?:\s|[\w.-]{{1,130}}(?:(?:,|\s\.|\.\s)\s?{_TLD}\b|-dot-|\sdot\s|\s?[(\[{{<])))"
)
_MAILER_COM = (  # not as in name@gmail.com
    r"com\b(?:(?<=mailcom)|(?<=yahoocom)|(?<=outlookcom)|(?<=icloudcom)|(?<=mail[ .]com)(?<!@mail.com)(?<!@gmail.com)(?<!@hotmail.com)(?<!@fastmail.com)(?<!@protonmail.com)"
    r"|(?<=yahoo[ .]com)(?<!@yahoo.com)|(?<=outlook[ .]com)(?<!@outlook.com)|(?<=icloud[ .]com)(?<!@icloud.com))"
)
_SPELLED_DOT = re.compile(r"\sdot\s|[\[{<(]", re.IGNORECASE)
_MAIL_CUE = re.compile(r"\be?-?mail\b", re.IGNORECASE)

_SITES = (
    r"(?:soundcloud|instagram|twitter|facebook|fb|tiktok|twitch|github|gitlab|linkedin|mixcloud|patreon|snapchat"
    r"|threads|pinterest|reddit|youtube|medium|tumblr|vk|audiomack|beatstars|splice|ko-fi|paypal|flickr|steamcommunity"
    r"|soundclick|reverbnation|x)\.com"
    r"|(?:open|play)\.spotify\.com|music\.apple\.com|t\.me|wa\.me|linktr\.ee|youtu\.be|paypal\.me|cash\.app|venmo\.com"
    r"|discord\.gg|discord\.com|discordapp\.com|bsky\.app|github\.io|drive\.google\.com|docs\.google\.com|dropbox\.com"
    r"|we\.tl|wetransfer\.com|mega\.nz|1drv\.ms|onedrive\.live\.com|gofile\.io|soundcloud\.app\.goo\.gl|twitch\.tv"
    r"|last\.fm|audius\.co|hearthis\.at|keybase\.io|beacons\.ai|carrd\.co|letterboxd\.com"
)
_SITE_WORDS = re.findall(r"(?<![a-z.\\])[a-z]+", _SITES)
"""One of them is in the name of each of `_SITES`."""
_PUBLIC_PATH = re.compile(
    r"(?:watch|results|hashtag|explore|search|help|support|about|docs|download|releases|blog|en|sounds|discover|charts|features|plans|stream|upload|you|login|signup|settings|trending|tags|directory|music/|r/)\b",
    re.IGNORECASE,
)

_EXTENSION, _GROUPS = re.compile(r"\s?[ex].*"), re.compile(r"\d+")
_PHONE_CUE = re.compile(
    r"\b(?:call|text|phone|ring|tel|telephone|mobile|cell|whatsapp|sms|fax|reach|number|signal|dial|contact|ph|mob|hmu|hit me up|landline|voicemail|registered)\b",
    re.IGNORECASE,
)
_PHONE_CUE_AFTER = re.compile(r"[^\n]{0,15}\b(?:call|text me|ring me|whatsapp)\b", re.IGNORECASE)
_COUNTED_BEFORE = re.compile(
    r"\b(?:build|frame|line|offset|size|version|sample|position|memory|ram|disk|pointer|handle|tick|timestamp|time|seed|[pt]id|total|eq|filter|flow|error)s?\b\W{0,3}(?:number|no\.?|is)?\W{0,2}$",
    re.IGNORECASE,
)
_COUNTED_AFTER = re.compile(
    r"\s{0,2}(?:k?hz|db|ms|bpm|lufs|samples?|bytes?|[kmg]b|px|bits?|%|streams|plays|views|cycles|bars|times|followers)",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{1,2}([./ -])\d{1,2}\1(?:19|20)\d\d(?!\d)|(?:19|20)\d\d([./-])\d{1,2}\2\d{1,2}(?!\d)")
_ROUND = re.compile(r"\d{0,2}0|\d+00")
_STAMP = re.compile(r"20\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])")
_SHAPES = re.compile(
    r"(?:1[ .-]?)?(?:\([2-9]\d\d\)[ .-]{0,2}|[2-9]\d\d[ ./-])\d{3}[ .-]\d{4}"  # North America, 3-3-4
    r"|\(\d{2,5}\) ?\d{3,5}[ -]?\d{3,4}"  # an area code in brackets
    r"|8 ?\(\d{3}\) ?\d{3}-\d\d-\d\d"  # Russia
    r"|[6-9]\d{4} \d{5}"  # India, 5-5
    r"|[2-9]\d\d[ -]\d{7}|\d{1,3} [2-9]\d{9}"
    r"|(?!1[4-8])\d{10}|\d{11,12}"  # unbroken, and no Unix time
)
_ALONE = re.compile(r"\d{3}[ -]\d{3}[ -]\d{4}")  # as a whole message: an answer
_TRUNK = re.compile(r"\(?0(?:\d|\)|/| \d{3,4} \d{3} \d{3,4}$)")  # 0.5 is a decimal
_CEILINGS = frozenset({"4294967295", "2147483647", "2147483648", "4294967296", "8589934592"})
_SPOKEN = "zero oh one two three four five six seven eight nine"


def _is_spelled(match: re.Match[str]) -> bool:
    """A loosely written @ needs "dot" or a mailer behind it: "the loop @ site.com" is a sentence."""
    if not match["loose"] or _SPELLED_DOT.search(match[0]):
        return True
    return bool(match["mailer"]) and match["name"].lower() not in ordinary_words()


def _unsigned(match: re.Match[str]) -> bool:
    if match["glued"]:
        return len(match["glued"]) > 2
    name = match["name"] or ""
    cued = _MAIL_CUE.search(match.string, max(0, match.start() - 30), match.start()) is not None
    return bool(name) and name.lower() not in ordinary_words() and (cued or bool(re.search(r"[\d._]", name.rstrip())))


def _is_account(match: re.Match[str]) -> bool:
    return match["name"].lower() not in ordinary_words() and re.search(r"[^\W\d_]{2}", match["name"]) is not None


def _is_phone(match: re.Match[str]) -> bool:
    written = _EXTENSION.sub("", match[0])
    groups = _GROUPS.findall(written)
    number = "".join(groups)
    if not 7 <= len(number) <= 15 or _DATE.match(written):
        return False
    if "+" in written[:2]:
        return len(number) >= 8
    if 2 * len(groups) > len(number) or (len(groups) > 1 and all(map(_ROUND.fullmatch, groups))):
        return False  # steps and levels: 1 2 3 4 5 6 7, 100 200 400
    text, start, end = match.string, match.start(), match.end()
    if not (
        _looks_dialled(written, number, alone=text.strip(" .") == written)
        or _PHONE_CUE.search(text, max(0, start - 40), start)
        or _PHONE_CUE_AFTER.match(text, end)
    ):
        return False
    counted = _COUNTED_AFTER.match(text, end) or _COUNTED_BEFORE.search(text[max(0, start - 30) : start])
    return not counted and number not in _CEILINGS


def _looks_dialled(written: str, number: str, *, alone: bool) -> bool:
    if _TRUNK.match(written):
        return len(number) >= 9
    if number.endswith("000") or _STAMP.match(number):
        return False
    return bool(_SHAPES.fullmatch(written)) or (alone and bool(_ALONE.fullmatch(written)))


def _is_said(match: re.Match[str]) -> bool:
    order = {word: place for place, word in enumerate(_SPOKEN.replace("oh ", "").split())} | {"oh": 0}
    said = [order[word] for word in match[0].lower().replace(",", " ").replace("-", " ").split()]
    counting = all(right - left == 1 for left, right in pairwise(said))
    cued = _PHONE_CUE.search(match.string, max(0, match.start() - 40), match.start()) is not None
    return not counting and (len(said) >= 9 or cued)


def _is_profile(match: re.Match[str]) -> bool:
    return not _PUBLIC_PATH.match(match["path"])


class ContactRecognizer(ChatRecognizer):
    """EMAIL, PHONE and URL."""

    patterns = (
        # an address as RFC 5322 has it, quoted local part too; = and & are left out, they end a parameter's name
        pattern(
            "EMAIL",
            rf"[\w+%~-](?:[\w.+%'~!#$*-]{{0,254}}[\w+%~-])?{_DOMAIN}",
            "@",
            score=1.0,
            chunk=5,
        ),
        pattern("EMAIL", rf"\"[^\"\n@]{{1,64}}\"{_DOMAIN}", "@", score=1.0, hint='"@'),
        pattern(
            "EMAIL",
            r"[\w.+-]{1,64}@(?:localhost|\[[\d.:a-f]{3,40}\])",
            "localhost [",
            chunk=7,
            hint=r"@(?:localhost|\[)",
        ),
        # jane at gmail dot com, jane [at] site [dot] io, jane_at_gmail.com, jane(a)gmail.com, jane @ gmail . com
        pattern(
            "EMAIL",
            rf"(?<![\w.])(?P<name>(?:[^\W\d_]{{2,30}}\s(?=\d{{1,6}}\s))?[\w+-]{{1,64}}?)(?:(?:\.|\s\.\s|{_DOT}|\sunderscore\s|\sdash\s)[\w+-]{{1,64}}?){{0,4}}"
            rf"(?:(?P<loose>\s(?:at|@|at sign)\s|\s@|@\s|[_-]at[_-]|\([ao]\)|\u00a9)|{_AT}|@)(?:(?P<mailer>{_MAILER})|[\w-]{{1,63}}?){_SPELLED_TLD}(?!\.\w)",
            "dot @ \u00a9 ; gmail googlemail hotmail outlook yahoo icloud protonmail gmx aol ( [ { <",
            _is_spelled,
            hint=_ODD_MAIL,
            also="@ at a o \u00a9 ;",
        ),
        # a mailer without its dot, or an address that lost its signs: jane.doe at gmail, janedoe 22 gmailcom
        pattern(
            "EMAIL",
            rf"(?<![\w.])(?P<glued>)(?P<name>[\w.+-]{{2,64}}){_AT}{_MAILER}\b",
            "gmail googlemail hotmail outlook yahoo icloud protonmail proton gmx aol live web fastmail zoho yandex",
            _unsigned,
            hint=rf"[\s)\]}}>;]{_MAILER}\b",
        ),
        pattern(
            "EMAIL",
            r"(?<![\w@./-])(?:(?P<name>[\w.+-]{2,40}(?:\s\d{1,6})?)\s)?(?P<glued>[\w.+-]{0,40}?)(?:gmail|googlemail|hotmail|mail|yahoo|outlook|icloud)[ .]?com\b",
            "",
            _unsigned,
            hint=_MAILER_COM,
        ),
        # name@machine, name@bank (UPI)
        pattern(
            "EMAIL",
            r"(?<![\w@./%-])(?P<name>[\w.+-]{3,64})@[a-z][a-z-]{1,40}[a-z\d](?![\w.@])",
            "@",
            _is_account,
            chunk=7,
            hint=r"@[a-z][a-z-]{1,40}[a-z\d](?![\w.@])",
        ),
        # international (ITU-T E.123) and national numbers in any grouping; what counts is decided by `_is_phone`
        anchored(
            "PHONE",
            r"(?<![\w.+#$-])(?:\+|\((?=\+?\d{1,5}\))\+?)?\d(?:[ ().\-/]{0,3}\d){6,14}(?:\s?(?:x|ext\.?|extension)\s?\d{1,6})?(?!\w|[.,]\d)",
            "0 + (",
            _is_phone,
            least=7,
        ),
        anchored("PHONE", r"(?<=[=:])\+\d(?:[ ().\-/]{0,3}\d){6,14}(?!\w)", "+", least=7, shape=r"\+9(?<=[=:]..)"),
        # letters read for digits: 4l5-555-O132
        pattern(
            "PHONE",
            r"(?<![\w.#-])(?:\+?[\dlI]{1,3}[ .-]?)?(?:\([\dlIO]{3}\) ?|[\dlIO]{3}[ .-])[\dlIO]{3}[ .-][\dlIO]{4}(?![\w-])",
            DIGITS,
            lambda m: sum(c.isdigit() for c in m[0]) >= 6 and re.search("[lIO]", m[0]) is not None,
            case=True,
            least=6,
            hint=r"[lIO\d](?:(?<=\d)[ .()-]{0,2}[lIO]|(?<=[lIO])[ .()-]{0,2}\d)",
        ),
        pattern(
            "PHONE",
            rf"\b(?:{_SPOKEN.replace(' ', '|')})(?:[ ,-]{{1,2}}(?:{_SPOKEN.replace(' ', '|')})\b){{6,14}}",
            "zero oh five six seven eight nine",
            _is_said,
        ),
        pattern(
            "URL",
            rf"(?:https?://)?(?:[\w-]{{1,63}}\.){{0,2}}(?<![\w-])(?:{_SITES})/(?P<path>[^\s<>\"')\]]{{2,300}})",
            "/",
            _is_profile,
            chunk=8,
            hint=r"\.[a-z]{2,4}/",
            also=_SITE_WORDS,
        ),
        pattern(
            "URL",
            r"(?:https?://)?[\w-]{2,63}(?<!www)\.(?:bandcamp|tumblr|wordpress|blogspot|github)\.(?:com|io)\b(?:/[^\s<>\"')\]]{0,300})?",
            "bandcamp tumblr wordpress blogspot github",
            chunk=12,
        ),
        pattern(
            "URL",
            r"(?:https?://[^\s/<>]{3,200}/(?:~|@|u/|users?/|profiles?/|people/|members?/)|(?<![\w./@-])[\w-]{2,63}\.[a-z]{2,10}/@)[^\s<>\"')\]]{1,300}",
            "/",
            chunk=8,
        ),
    )
