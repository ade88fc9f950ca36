# ruff: noqa: E501  a pattern broken over lines is harder to read
"""How to reach somebody: e-mail, phone, profile and share links."""

from __future__ import annotations

import re

from privacy_analytics.scrub.recognizers.base import DIGITS, ChatRecognizer, digits, pattern, value

_AT = r"(?:\s?[(\[{<]\s?(?:at|@)\s?[)\]}>]\s?|\s(?:at|@)\s)"
_DOT = r"(?:\s?[(\[{<]\s?(?:dot|\.)\s?[)\]}>]\s?|\sdot\s)"
_TLD = r"(?:com|net|org|edu|gov|io|co|uk|de|fr|es|it|nl|se|no|dk|fi|pl|pt|br|eu|us|ca|au|ch|at|be|ru|jp|in|me|info|dev|app|music|studio|online|xyz|tv|fm)"
_MAIL_HOST = r"(?:gmail|googlemail|hotmail|outlook|yahoo|icloud|protonmail|proton|gmx|aol|live|mail|web|me|msn|fastmail|zoho|yandex)"

_SITES = (
    r"(?:soundcloud|instagram|twitter|facebook|fb|tiktok|twitch|github|gitlab|linkedin|mixcloud|patreon|snapchat"
    r"|threads|pinterest|reddit|youtube|medium|tumblr|vk|audiomack|beatstars|splice|ko-fi|paypal|flickr|steamcommunity|x)\.com"
    r"|(?:open|play)\.spotify\.com|music\.apple\.com|t\.me|wa\.me|linktr\.ee|youtu\.be|paypal\.me|cash\.app|venmo\.com"
    r"|discord\.(?:gg|com)|discordapp\.com|ko-fi\.com|bsky\.app|github\.io|drive\.google\.com|docs\.google\.com|dropbox\.com"
    r"|we\.tl|wetransfer\.com|mega\.nz|1drv\.ms|onedrive\.live\.com"
)
_PUBLIC_PATH = re.compile(
    r"(?:watch|results|hashtag|explore|search|help|support|about|docs|download|releases|blog|en)\b", re.IGNORECASE
)
_PHONE_CUE = re.compile(
    r"\b(?:call|text|phone|ring|tel|telephone|mobile|cell|whatsapp|sms|fax|reach|number|signal|dial|contact|ph|mob|hmu)\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\s{0,2}(?:k?hz|db|ms|bpm|lufs|samples?|bytes?|[kmg]b|px|bits?|%)", re.IGNORECASE)
_DATE = re.compile(r"\d{1,2}([./ -])\d{1,2}\1(?:19|20)\d\d(?!\d)|(?:19|20)\d\d([./-])\d{1,2}\2\d{1,2}(?!\d)")
_NATIONAL = re.compile(r"(?:1[ .-]?)?(?:\([2-9]\d\d\)[ .-]{0,2}|[2-9]\d\d[ .-])\d{3}[ .-]\d{4}$")
_CEILINGS = frozenset({"4294967295", "2147483647", "2147483648", "4294967296"})


def _is_phone(match: re.Match[str]) -> bool:
    written = match[0]
    number = re.sub(r"\D", "", written)
    if not 7 <= len(number) <= 15 or _DATE.match(written):
        return False
    if written.startswith(("+", "(+")):
        return len(number) >= 8
    text, start, end = match.string, match.start(), match.end()
    if _UNIT.match(text, end) or number in _CEILINGS:
        return False
    if _PHONE_CUE.search(text, max(0, start - 40), start):
        return True
    if re.match(r"\(?00?[1-9]", written):  # a lone 0 before a separator begins a decimal, not an area code
        return len(number) >= 9 and not re.match(r"0[ .]", written)
    if _NATIONAL.match(written):
        return not all(group.endswith("0") for group in re.findall(r"\d+", written))
    return written == number and len(number) == 10 and number[0] in "23456789" and number[3] in "23456789"


def _is_profile(match: re.Match[str]) -> bool:
    return not _PUBLIC_PATH.match(match["path"])


class ContactRecognizer(ChatRecognizer):
    """EMAIL, PHONE and URL."""

    patterns = (
        pattern("EMAIL", r"[\w.+%'&=~!#$*-]{0,255}[\w+%~-]@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}", "@", score=1.0),
        pattern("EMAIL", r"[\w.+-]{1,64}@(?:localhost|\[[\d.:a-f]{3,40}\])", "@"),
        pattern(
            "EMAIL",
            rf"(?<![\w.])[\w+-]{{1,64}}(?:(?:\.|{_DOT}|\sunderscore\s|\sdash\s)[\w+-]{{1,64}}){{0,4}}"
            rf"(?:{_AT}|@)[\w-]{{1,63}}(?:(?:\.|{_DOT})[\w-]{{1,63}}){{0,3}}(?:\.|{_DOT}){_TLD}\b(?!\.\w)",
            "at @",
            lambda m: (
                not re.search(r"\s(?:at|@)\s[\w-]+\.\w+$", m[0])
                or bool(re.search(rf"{_MAIL_HOST}\.\w+$", m[0], re.IGNORECASE))
            ),
        ),
        pattern(
            "EMAIL", rf"(?<![\w.])[\w.+-]{{2,64}}{_AT}{_MAIL_HOST}\b", "at @", lambda m: digits(m, 1) or "." in m[0]
        ),
        pattern(
            "PHONE",
            r"(?<![\w.+#$-])(?:\+|\((?=\+?\d{1,5}\))\+?)?\d(?:[ ().\-/]{0,3}\d){6,14}(?!\w|[.,]\d)",
            DIGITS,
            _is_phone,
        ),
        pattern("PHONE", r"(?<=[=:])\+?\d(?:[ ().\-/]{0,3}\d){6,14}(?!\w)", ":", lambda m: value(m)[0] == "+"),
        pattern(
            "URL",
            rf"(?:https?://)?(?:[\w-]{{1,63}}\.){{0,2}}(?<![\w-])(?:{_SITES})/(?P<path>[^\s<>\"')\]]{{2,300}})",
            "/",
            _is_profile,
        ),
        pattern(
            "URL",
            r"(?:https?://)?[\w-]{2,63}(?<!www)\.(?:bandcamp|tumblr|wordpress|blogspot|github)\.(?:com|io)\b(?:/[^\s<>\"')\]]{0,300})?",
            ".",
        ),
        pattern(
            "URL", r"https?://[^\s/<>]{3,200}/(?:~|@|u/|users?/|profiles?/|people/|members?/)[^\s<>\"')\]]{1,300}", "/"
        ),
    )
