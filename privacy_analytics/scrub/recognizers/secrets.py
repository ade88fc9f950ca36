# ruff: noqa: E501  a pattern broken over lines is harder to read
"""What opens doors: passwords, API keys and tokens, licence keys."""

from __future__ import annotations

import re

from privacy_analytics.scrub.lists import known_names, ordinary_words
from privacy_analytics.scrub.recognizers.base import DIGITS, ChatRecognizer, digits, pattern, value

_PREFIXES = (
    r"(?:[spr]k[-_](?=[\w-]{0,200}\d)[\w-]{6,200}|(?:sk|pk|rk|ak|whsec|sess|key|tok|api|org|proj|ant|lm|el|r8|pat|app|live|test)[-_](?=[\w-]{0,200}(?:\d|[a-z][A-Z]))[\w-]{14,200}"
    r"|gh[a-z]_[A-Za-z0-9]{16,255}|github_pat_\w{20,255}|glpat-[\w-]{16,64}|xox[a-z]-[\w-]{10,250}|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,20}"
    r"|AIza[\w-]{30,45}|ya29\.[\w-]{20,250}|hf_[A-Za-z0-9]{20,60}|npm_[A-Za-z0-9]{30,45}|pypi-[\w-]{20,250}|SG\.[\w-]{10,40}\.[\w-]{10,60}"
    r"|dop_v1_[a-f0-9]{20,70}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,40}|EAA[A-Za-z0-9]{30,250}|AC[a-f0-9]{32}|[MNO][\w-]{23,26}\.[\w-]{6}\.[\w-]{27,40})"
)


def _mixed(text: str) -> bool:
    return sum((bool(re.search("[a-z]", text)), bool(re.search("[A-Z]", text)), bool(re.search(r"\d", text)))) >= 2


def _is_token(match: re.Match[str]) -> bool:
    token = value(match)
    return len(token) >= 8 and _mixed(token) and sum(c.isdigit() for c in token) >= 2


def _is_random(match: re.Match[str]) -> bool:
    token = value(match)
    kinds = (re.search("[a-z]", token), re.search("[A-Z]", token), re.search(r"\d", token))
    return all(kinds) and sum(c.isdigit() for c in token) >= 3 and re.search(r"[A-Za-z0-9]{18}", token) is not None


def _is_password(match: re.Match[str]) -> bool:
    word = value(match).lower().rstrip(".,!?")
    return bool(word) and word not in ordinary_words() and not word.startswith("<")


def _strong(match: re.Match[str]) -> bool:
    return _is_password(match) and bool(re.search(r"\d|[^\w\s.,;:!?'\"()-]|\w[!$]", value(match)))


def _is_licence(match: re.Match[str]) -> bool:
    groups = value(match).split("-")
    numbered = sum(any(c.isdigit() for c in group) for group in groups)
    lettered = any(c.isalpha() for c in value(match))
    even = len({len(group) for group in groups}) == 1
    shouted = value(match).isupper()
    words = any(group.lower() in ordinary_words() or group.lower() in known_names() for group in groups)
    return lettered and ((numbered >= 2 and (even or shouted)) or (shouted and even and len(groups) >= 4 and not words))


class SecretRecognizer(ChatRecognizer):
    """PASSWORD, API_KEY and LICENSE_KEY."""

    patterns = (
        pattern(
            "PASSWORD",
            r"(?:(?<![a-z])|(?<=_))(?:password|passwd|pass_?phrase|pass_?code|pwd|passwort|pw|p/w|psw)\w{0,8}[\"'`]?\s{0,2}(?:(?:'?s\b|is|was|now|just|to|=>?|:=?|->)\s{0,2}){1,3}"
            r"(?:\"(?=[^\"\n]{1,128}\")|'(?=[^'\n]{1,128}')|`)?(?P<v>[^\s\"'`]{2,128}(?<![.,;:)]))",
            "password passwd passphrase passcode pass pwd passwort pw p psw",
            _is_password,
        ),
        pattern(
            "PASSWORD",
            r"\b(?:password|passwd|pwd|pw|passcode|passphrase)s?\s(?:(?:for|of)\s(?:\w{1,20}\s){1,3}(?:is\s)?)?[\"'`(]?(?P<v>[^\s\"'`]{4,128}(?<![.,;:)]))",
            "password passwd pwd pw passcode passphrase",
            _strong,
        ),
        pattern(
            "PASSWORD",
            r"(?<!high )(?<!low )(?<!band )(?<!all )(?<![a-z])pass\s?[=:]\s{0,2}[\"'`]?(?P<v>[^\s\"'`]{4,128}(?<![.,;:)]))",
            "pass",
            lambda m: "=" in m[0] or _strong(m),
        ),
        pattern(
            "PASSWORD",
            r"\b(?:password|passwd|pwd|pw|identified by|credentials?)\b[^\n\"']{0,30}[\"'](?P<v>[^\"'\n]{3,128})[\"']",
            "password passwd pwd pw identified credential credentials",
            _is_password,
        ),
        pattern(
            "PASSWORD",
            r"(?:pass|passwd|pwd|password|secret)[\"']?\s?(?::=|=>|[:=])\s?[\"'](?P<v>[^\"'\n]{3,128})[\"']",
            "\" '",
            _is_password,
        ),
        pattern(
            "PASSWORD",
            r"\b(?:pin|passcode|otp|2fa|verification|security|cvv|cvc)\s?(?:code|number)?\s?(?:is|was|=|:|\s)\s{0,2}(?P<v>\d{3,8})(?![\w.])",
            "pin passcode otp fa verification security cvv cvc",
        ),
        pattern("PASSWORD", r"(?<=://)(?P<v>[^\s:/@]{1,64}:[^\s/@]{1,128})(?=@)", "@"),
        pattern("API_KEY", rf"(?<![A-Za-z0-9]){_PREFIXES}", DIGITS | {"-", "_"}, score=0.95, case=True),
        pattern(
            "API_KEY", r"(?<![\w-])eyJ[\w-]{6,2000}\.[\w-]{4,4000}(?:\.[\w-]{0,2000})?", ".", score=0.95, case=True
        ),
        pattern("API_KEY", r"\bbearer\s+(?P<v>[\w.~+/=-]{8,4000})", "bearer", lambda m: digits(m, 1)),
        pattern("API_KEY", r"\bbasic\s+(?P<v>[A-Za-z0-9+/]{12,400}={0,2})(?![\w])", "basic", _is_token),
        pattern(
            "API_KEY",
            r"(?:api|access|auth|secret|private|client|session|refresh|x-api)?[-_ ]?(?:key|token|secret|credential|apikey|sig|signature|cookie)[\"'`]?\s?(?:is|was|=>?|:)?\s{0,2}[\"'`]?(?P<v>[\w.~+/-]{8,2000}={0,2})",
            "key token secret credential apikey sig signature cookie",
            _is_token,
        ),
        pattern("API_KEY", r"(?<![\w-])(?P<v>(?=[a-f]{0,39}\d)(?=\d{0,39}[a-f])[0-9a-f]{24,128})(?![\w-])", DIGITS),
        pattern("API_KEY", r"(?<![\w/.-])(?P<v>[\w-]{26,256})(?![\w-])", DIGITS, _is_random, score=0.7),
        pattern("API_KEY", r"-----BEGIN [A-Z ]{3,40}-----[\s\S]{1,8000}?-----END [A-Z ]{3,40}-----", "-", case=True),
        pattern("LICENSE_KEY", r"(?<![\w-])(?P<v>[A-Z0-9]{3,8}(?:-[A-Z0-9]{3,8}){2,8})(?![\w-])", "-", _is_licence),
        pattern(
            "LICENSE_KEY",
            r"\b(?:serial|licen[cs]e|activation|product|unlock|registration|redeem|voucher|ilok)(?:\s(?:key|code|number|no|id|nr|num))?\.?\s?(?:is|was|=|:|#|\s)\s{0,2}[\"'`#]?(?P<v>(?=[A-Z-]{0,40}\d)[A-Z0-9][A-Z0-9-]{5,80}[A-Z0-9])(?![\w])",
            "serial license licence activation product unlock registration redeem voucher ilok",
            lambda m: digits(m, 2),
        ),
        pattern(
            "LICENSE_KEY",
            r"\b(?:s/n|sn|key|code)\s?(?:is|=|:|#)\s{0,2}(?P<v>[A-Z0-9]{2,12}(?:-[A-Z0-9]{2,12}){1,8}|[A-Z0-9]{8,40})(?![\w-])",
            "s sn key code",
            lambda m: digits(m, 3),
        ),
    )
