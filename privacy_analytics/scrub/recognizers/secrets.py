# ruff: noqa: E501  a pattern broken over lines is harder to read
"""What opens doors: passwords, API keys and tokens, licence keys."""

from __future__ import annotations

import re
from itertools import pairwise

from privacy_analytics.scrub.lists import known_names, ordinary_words
from privacy_analytics.scrub.recognizers.base import (
    DIGITS,
    NO_VALUE,
    WORD,
    ChatRecognizer,
    anchored,
    digits,
    pattern,
    value,
)

# As the vendors document them, most collected in GitHub's "Supported secret scanning patterns".
_PREFIXES = (
    r"(?:(?:sk|pk|rk|ak|whsec|sess|key|tok|api|org|proj|ant|lm|el|r8|pat|app|live|test)[-_](?=[\w-]{0,200}(?:\d|[a-z][A-Z]))[\w-]{14,200}"
    r"|gh[a-z]_[A-Za-z0-9]{16,255}|github_pat_\w{20,255}|glpat-[\w-]{16,64}|xox[a-z]-[\w-]{10,250}|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,20}"
    r"|AIza[\w-]{30,45}|ya29\.[\w-]{20,250}|hf_[A-Za-z0-9]{20,60}|npm_[A-Za-z0-9]{30,45}|pypi-[\w-]{20,250}|SG\.[\w-]{10,40}\.[\w-]{10,60}"
    r"|dop_v1_[a-f0-9]{20,70}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,40}|EAA[A-Za-z0-9]{30,250}|AC[a-f0-9]{32}|[MNO][\w-]{23,26}\.[\w-]{6}\.[\w-]{27,40}"
    r"|\d{8,10}:[\w-]{33,36}(?!\w))"
)
_CUE = r"(?:pass(?:word|wd|_?phrase|_?code|wort)|(?<=[_a-z])pass|pswd|pwd|psw|pw|p/w)"
_CUES = "password passwords passwd passphrase passcode pass pwd pswd passwort pw p psw"
_VALUE = r"(?:\"(?=[^\"\n]{1,128}\")|'(?=[^'\n]{1,128}')|`)?(?P<v>[^\s\"'`]{2,128}(?<![.,;:)]))"
_AMOUNT = re.compile(r"\d+(?:\.\d+)?-?(?:db|bits?|bpm|k?hz|[mg]hz|ms|%|x)\S{0,6}", re.IGNORECASE)
_NO_FILTER = r"(?<!high )(?<!low )(?<!band )(?<!all )(?<!high-)(?<!low-)(?<!band-)(?<![a-z])"


def _mixed(text: str) -> bool:
    return sum((bool(re.search("[a-z]", text)), bool(re.search("[A-Z]", text)), bool(re.search(r"\d", text)))) >= 2


def _restless(text: str, share: float = 0.5) -> bool:
    """Whether its characters change between small, capital and digit as often as random ones (CamelCase does not)."""
    kinds = [1 if c.isdigit() else 2 if c.islower() else 3 for c in text]
    return sum(left != right for left, right in pairwise(kinds)) >= share * len(text)


def _is_restless(match: re.Match[str]) -> bool:
    return _restless(match[0]) and digits(match, 3) and len(re.findall(r"\d+", match[0])) > 1


def _is_token(match: re.Match[str]) -> bool:
    token = value(match)
    return len(token) >= 8 and _mixed(token) and (digits(match, 2) or (len(token) >= 20 and _restless(token, 0.3)))


def _is_random(match: re.Match[str]) -> bool:
    token = value(match)
    kinds = (re.search("[a-z]", token), re.search("[A-Z]", token), re.search(r"\d", token))
    run = re.search(r"[A-Za-z0-9]{18}", token) is not None or _restless(token)
    return all(kinds) and digits(match, 3) and run


def _is_password(match: re.Match[str]) -> bool:
    word = value(match).lower().rstrip(".,!?")
    return (
        any(c.isalnum() for c in word)
        and word not in ordinary_words()
        and word not in NO_VALUE
        and not word.startswith("<")
    )


def _strong(match: re.Match[str]) -> bool:
    return (
        _is_password(match)
        and not _AMOUNT.fullmatch(value(match))
        and bool(re.search(r"\d|[^\w\s.,;:!?'\"()-]|\w[!$]", value(match)))
    )


def _letters_and_digits(match: re.Match[str]) -> bool:
    word = value(match)
    return _strong(match) and re.search(r"[^\W\d_]", word) is not None and "//" not in word


def _is_licence(match: re.Match[str]) -> bool:
    groups = value(match).split("-")
    numbered = sum(any(c.isdigit() for c in group) for group in groups)
    even = len({len(group) for group in groups}) == 1
    if not any(c.isalpha() for c in value(match)):  # digits only, and neither dates nor levels
        return len(groups) >= 4 and len({len(group) for group in groups[:-1]}) == 1 and not _round(groups)
    shouted = value(match).isupper()
    words = any(group.lower() in ordinary_words() or group.lower() in known_names() for group in groups)
    return (numbered >= 2 and (even or shouted)) or (shouted and even and len(groups) >= 4 and not words)


def _round(groups: list[str]) -> bool:
    return len(groups[0]) < 4 or all(group.endswith("0") or group.startswith(("19", "20")) for group in groups)


def _is_serial(match: re.Match[str]) -> bool:
    """With digits; in capitals without any, if the cue says that a code follows."""
    code = value(match)
    return digits(match, 2) or (code.isupper() and len(code) >= 8 and bool(match["is"].strip()))


def _is_spaced_licence(match: re.Match[str]) -> bool:
    groups = value(match).split()
    both = sum(any(c.isdigit() for c in group) and any(c.isalpha() for c in group) for group in groups)
    return both >= 2 and len({len(group) for group in groups}) == 1


class SecretRecognizer(ChatRecognizer):
    """PASSWORD, API_KEY and LICENSE_KEY."""

    patterns = (
        # password: x, DB_PASS=x, "password": "x", my pw's x, changed my password to x
        anchored(
            "PASSWORD",
            rf"{WORD}{_CUE}\w{{0,8}}[\"'`]?\s{{0,2}}(?:\([^)\n]{{1,30}}\)\s?)?(?:(?:'?s\b|(?:is|was|now|just|to)\b|=>?|:=?|->|-)\s{{0,2}}){{1,3}}{_VALUE}",
            _CUES,
            _is_password,
        ),
        anchored(
            "PASSWORD",
            r"\b(?:password|passwd|pwd|pw|passcode|passphrase)s?\s(?:(?:for|of)\s(?:\w{1,20}\s){1,3}(?:is\s)?|(?:re)?set to\s|from\s)?[\"'`(]?(?P<v>[^\s\"'`]{4,128}(?<![.,;:)])(?:\sto\s[^\s\"'`]{4,128}(?<![.,;:)]))?)",
            _CUES,
            _strong,
        ),
        anchored(
            "PASSWORD",
            rf"{_NO_FILTER}pass\s?[=:]\s{{0,2}}[\"'`]?(?P<v>[^\s\"'`]{{4,128}}(?<![.,;:)]))",
            "pass",
            lambda m: "=" in m[0] or _strong(m),
        ),
        # user jane pass x, login jane / x, jane@site.io / x
        anchored(
            "PASSWORD",
            rf"\b(?:user(?:name)?|login|log-?in|account|e-?mail|credentials?)\b[^\n]{{1,60}}?\s(?:{_NO_FILTER}pass(?: is)?|/)\s[\"'`]?(?P<v>[^\s\"'`]{{5,128}}(?<![.,;:)]))",
            "user username login log account e email mail credential credentials",
            _letters_and_digits,
            hint=r"\s(?:pass|/)",
        ),
        anchored(
            "PASSWORD",
            r"@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\s?[/:|]\s{0,2}(?P<v>(?![\w-]{1,64}/)[^\s\"'`/]{5,128}(?<![.,;:)]))",
            "@",
            _letters_and_digits,
        ),
        anchored(
            "PASSWORD",
            rf"{_NO_FILTER}pass(?:'s| is| was)\s[\"'`]?(?P<v>[^\s\"'`]{{5,128}}(?<![.,;:)]))",
            "pass",
            _letters_and_digits,
        ),
        anchored(
            "PASSWORD",
            r"\bcredentials?(?: are| is)?\s?:?\s[\w.@-]{2,64}\s?[/:]\s?(?P<v>[^\s\"'`]{5,128}(?<![.,;:)]))",
            "credential credentials",
            _letters_and_digits,
        ),
        anchored(
            "PASSWORD",
            r"\bwi-?fi\s?(?:is|:|=)\s{0,2}(?P<v>[^\s\"'`]{8,64}(?<![.,;:)]))",
            "wifi wi",
            _letters_and_digits,
        ),
        # x is my password, using x as the password
        pattern(
            "PASSWORD",
            r"(?<![^\s\"'`(])(?P<v>[^\s\"'`(]{4,64})[\"'`]?\s(?:is|as|was)\s(?:(?:my|the|a|our)\s)?(?:new\s|old\s|wifi\s|temp\s)?(?:password|passwd|pwd|pw|passcode)\b",
            "password passwd pwd pw passcode",
            _strong,
        ),
        # a passphrase of several words; a recovery phrase (BIP 39: 12 to 24 words)
        pattern(
            "PASSWORD",
            r"\b(?:passphrase|(?:seed|recovery|backup|mnemonic|secret) (?:phrase|words))\s?(?:is|=|:)\s{0,2}[\"'`]?(?P<v>[a-z]{3,12}(?:\s[a-z]{3,12}){2,23})",
            "passphrase phrase words",
        ),
        anchored(
            "PASSWORD",
            r"\b(?:password|passwd|pwd|pw|identified by|credentials?)\b[^\n\"']{0,30}(?<!\w)[\"'](?P<v>[^\"'\n]{3,128})[\"']",
            "password passwd pwd pw identified credential credentials",
            _is_password,
        ),
        pattern(
            "PASSWORD",
            r"(?:pass|passwd|pwd|password|secret)[\"']?\s?(?::=|=>|[:=])\s?[\"'](?P<v>[^\"'\n]{3,128})[\"']",
            "\" '",
            _is_password,
            hint=r"(?:pass|passwd|pwd|password|secret)[\"']?\s?[:=]",
        ),
        # PINs and one-time codes
        pattern(
            "PASSWORD",
            r"\b(?:(?:pin|passcode|otp|2fa|cvv|cvc)(?:\s(?:code|number))?|(?:verification|security|log-?in|sign-?in|sms|one[- ]time)\s(?:code|number|pin))\s?(?:'s|is|was|=|:|\s)\s{0,2}(?P<v>\d{3,8})(?![\w.%])",
            "pin passcode otp fa verification security cvv cvc login log signin sign sms time",
            least=3,
        ),
        pattern(
            "PASSWORD",
            r"\b(?:my code (?:is|was)\s|(?<!error )code [^\n\d]{1,25}\bis\s|code[: ]\s?(?=\d{4,8} to (?:log|sign|verify)))(?P<v>\d{4,8})(?![\w.])",
            "code",
            lambda m: digits(m, 5) or " to " in m.string[m.start() : m.end() + 40],
            least=4,
        ),
        pattern("PASSWORD", r"(?<=://)(?P<v>[^\s:/@]{1,64}:[^\s/@]{1,128})(?=@)", "@", chunk=5, hint="://"),
        pattern("API_KEY", rf"(?<![A-Za-z0-9]){_PREFIXES}", "0 - _", score=0.95, case=True, chunk=15),
        anchored(
            "API_KEY", r"(?<![A-Za-z0-9])[spr]k[-_](?=[\w-]{0,200}\d)[\w-]{6,200}", "sk pk rk", score=0.95, case=True
        ),
        # JSON Web Token (RFC 7519): its header always begins with {" in base64
        pattern(
            "API_KEY",
            r"(?<![\w-])eyJ[\w-]{6,2000}\.[\w-]{4,4000}(?:\.[\w-]{0,2000})?",
            ".",
            score=0.95,
            case=True,
            chunk=13,
            hint="eyJ",
        ),
        anchored("API_KEY", r"\bbearer\s+(?P<v>[\w.~+/=-]{8,4000})", "bearer", lambda m: digits(m, 1)),
        anchored("API_KEY", r"\bbasic\s+(?P<v>[A-Za-z0-9+/]{12,400}={0,2})(?![\w])", "basic", _is_token),
        anchored(
            "API_KEY",
            r"(?:(?:api|access|auth|secret|private|client|session|refresh|x-api)?[-_ ]?(?:key|token|secret|credential|apikey|sig|signature|cookie)|session[_ ]?id|session(?=[\"'`]?\s?[=:])|\bsid|csrf|jwt)[\"'`]?(?:\s?(?:is\b|was\b|=>?|:)|\s)\s{0,2}[\"'`]?(?P<v>[\w.~+/%-]{8,2000}={0,2})",
            "key token secret credential apikey sig signature cookie session sessionid sid csrf jwt api access auth private client refresh x accesskey accesstoken authtoken secretkey privatekey clientsecret refreshtoken",
            _is_token,
        ),
        # webhooks of Slack and Discord; public keys of SSH (RFC 4253: base64 begins with AAAA); PEM blocks (RFC 7468)
        pattern(
            "API_KEY",
            r"(?:hooks\.slack\.com/services|/api/webhooks)/(?P<v>[\w/-]{10,200})",
            "services webhooks",
            score=1.0,
        ),
        pattern("API_KEY", r"(?<!\w)AAAA[A-Z]\d[A-Za-z0-9+/]{14,2000}={0,2}", DIGITS, case=True, chunk=19, hint="AAAA"),
        pattern(
            "API_KEY",
            r"-----BEGIN [A-Z ]{3,40}-----(?:(?:-?[^-]){1,8000}-----END [A-Z ]{3,40}-----|(?:\s{0,4}[A-Za-z0-9+/=]{20,80}){0,200})",
            "-",
            case=True,
            hint="-----BEGIN",
        ),
        # digests (in <> a crash report's build ids), and what looks random (_Z begins a C++ symbol)
        pattern(
            "API_KEY",
            r"(?<![\w<-])(?P<v>(?=[a-f]{0,39}\d)(?=\d{0,39}[a-f])[0-9a-f]{24,128})(?![\w-])",
            DIGITS,
            least=3,
            chunk=24,
        ),
        pattern(
            "API_KEY",
            r"(?<![\w/.#-])(?P<v>(?!_Z)[\w-]{26,256})(?![\w-])",
            DIGITS,
            _is_random,
            score=0.7,
            least=3,
            chunk=26,
        ),
        pattern(
            "API_KEY",
            r"(?<![\w/.+#-])(?!0x)(?:[A-Za-z0-9]{18,25}|[A-Za-z0-9+/]{40,200}={0,2})(?![\w/.+=-])",
            DIGITS,
            _is_restless,
            least=3,
            score=0.7,
            case=True,
            chunk=18,
        ),
        # licence keys: groups with dashes (iLok, Steinberg, Windows), with spaces, or after a cue
        pattern(
            "LICENSE_KEY",
            r"(?<![\w-])(?P<v>[A-Z0-9]{3,8}(?:-[A-Z0-9]{3,8}){2,8}(?:-\d{2})?)(?![\w-])",
            "-",
            _is_licence,
            chunk=11,
            hint="-[a-z0-9]{3,8}-",
        ),
        pattern(
            "LICENSE_KEY",
            r"(?<![\w-])[A-Z0-9]{4,5}(?: [A-Z0-9]{4,5}){2,7}(?![\w-])",
            DIGITS,
            _is_spaced_licence,
            least=2,
            case=True,
            shape=" [A9](?<=[A9] .)",
            hint="[A-Z0-9]{4} [A-Z0-9]{4}",
        ),
        anchored(
            "LICENSE_KEY",
            r"\b(?:serial|licen[cs]e|activation|product|unlock|reg(?:istration)?|redeem|voucher|ilok|dongle|auth(?:ori[sz]ation)?|challenge)(?P<is>(?:\s(?:key|code|number|no|id|nr|num|activation)){0,2}\.?\s?(?:is|was|=|:|#|\s))\s{0,2}[\"'`#]?(?P<v>(?=[A-Z-]{0,40}\d|[A-Z]{8})[A-Z0-9][A-Z0-9-]{4,80}[A-Z0-9])(?![\w])",
            "serial license licence activation product unlock reg registration redeem voucher ilok dongle auth authorization authorisation challenge",
            _is_serial,
            score=0.95,
        ),
        anchored(
            "LICENSE_KEY",
            r"\b(?:serial|licen[cs]e|activation)(?:\s(?:key|code|number|no))?\s?(?:is|=|:|\s)\s?(?P<v>(?=[a-z0-9 ]{0,24}\d)[a-z0-9]{4,5}(?: [a-z0-9]{4,5}){2,7})(?!\w)",
            "serial license licence activation",
            lambda m: digits(m, 4) and m["v"].split()[0].lower() not in ordinary_words(),
        ),
        anchored(
            "LICENSE_KEY",
            r"\b(?:s/n|sn|key|code)\s?(?:is|=|:|#|(?<=/n)\s)\s{0,2}(?P<v>[A-Z0-9]{2,12}(?:-[A-Z0-9]{2,12}){1,8}|[A-Z0-9]{8,40})(?![\w-])",
            "s sn key code",
            lambda m: digits(m, 3),
        ),
    )
