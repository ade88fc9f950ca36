# ruff: noqa: E501, SIM905  a pattern broken over lines, or a list of quoted words, is harder to read
"""What somebody is called by machines: handles, logins, the user's folder."""

from __future__ import annotations

import re

from privacy_analytics.scrub.lists import clear_names, known_names, ordinary_words
from privacy_analytics.scrub.recognizers.base import DIGITS, NO_VALUE, WORD, ChatRecognizer, anchored, pattern, value

_SEP = r"(?:/|\\{1,4}/?)"
_FOLDER = rf"(?P<v>[^/\\\s:*?\"<>|'`]+(?:[ '][^/\\\s:*?\"<>|'`]+){{0,3}}(?={_SEP})|[^/\\\s:*?\"<>|'`,;)\]]+)"
_NOBODY = frozenset(
    "shared public default guest user username <user> you yourname linuxbrew root admin administrator runner".split()
) | {"all users"}
_ANNOTATIONS = frozenset(
    """property override media import param params return returns everyone here channel all bar bars beat beats bpm the
    about around least staticmethod classmethod dataclass types font-face""".split()
)
_NUMBERED = frozenset("issue bug ticket order invoice pr".split())
_SERVICE = (
    r"(?:insta(?:gram)?|ig|snap(?:chat)?|discord|twitter|telegram|tiktok|soundcloud|twitch|steam|psn|xbox|gamertag|skype|kik|reddit"
    r"|youtube|bandcamp|splice|github|facebook|fb|paypal|venmo|cash ?app|ilok|beatstars|mixcloud|signal|threads|bluesky|mastodon|gmail|hotmail|icloud)"
)
_SERVICES = "insta instagram ig snap snapchat discord twitter telegram tiktok soundcloud twitch steam psn xbox gamertag skype kik reddit youtube bandcamp splice github facebook fb paypal venmo cash cashapp ilok beatstars mixcloud signal threads bluesky mastodon gmail hotmail icloud"
_KEY = r"(?:(?:user|login|account|screen|nick)[_-]?(?:name|id|login)|user|login|logname|uid|owner|author|nick|created_?by|modified_?by)"
_KEYS = "user username userid login loginname logname uid owner author nick nickname account screen created createdby modified modifiedby"
_NOTE = re.compile(r"@[a-g][#b]?-?\d$", re.IGNORECASE)


def _is_handle(match: re.Match[str]) -> bool:
    name = value(match).lstrip("@").lower().rstrip(".")
    return name not in _ANNOTATIONS and not _NOTE.match(value(match))


def _is_tag(match: re.Match[str]) -> bool:
    name = value(match).split("#")[0].lower()
    return name not in ordinary_words() and name not in _NUMBERED


def _is_folder(match: re.Match[str]) -> bool:
    return value(match).lower() not in _NOBODY


def _is_login(match: re.Match[str]) -> bool:
    name = value(match).lower()
    return not any(name in words for words in (ordinary_words(), _NOBODY, NO_VALUE)) and any(map(str.isalpha, name))


def _looks_made_up(match: re.Match[str]) -> bool:
    return _is_login(match) and bool(re.search(r"[\d_.-]", value(match))) and not re.match(r"v?[\d.]+$", value(match))


def _is_setting(match: re.Match[str]) -> bool:
    """After =, DB_USER: or "user": any word will do; "user: hello" is a transcript."""
    settled = re.search(r"[=_\"'`-]", match["is"]) or match.string[match.start() - 1 : match.start()].strip(" ,([{")
    return _is_login(match) if settled else _looks_made_up(match)


def _begins_with_a_name(match: re.Match[str]) -> bool:
    word = match["name"].lower()
    return any(word[:length] in clear_names() for length in range(5, 10)) and word not in ordinary_words()


def _is_domain_user(match: re.Match[str]) -> bool:
    return _looks_made_up(match) or value(match).lower() in known_names()


def _is_account(match: re.Match[str]) -> bool:
    """After "ig:" or "my ig is" any word will do; "ig down" is a complaint."""
    link = match["is"].strip(" ,-")
    before = f" {match.string[max(0, match.start() - 6) : match.start()].lower()}"
    settled = link in (":", "=") or (link and before.endswith((" my ", " me on ")))
    return _is_login(match) if settled else _looks_made_up(match)


class AccountRecognizer(ChatRecognizer):
    """HANDLE and USERNAME."""

    patterns = (
        # @name; a Discord tag, name#1234; u/name
        anchored(
            "HANDLE",
            r"(?<![\w./%+>-])(?P<v>@(?:[^\W\d][\w.-]{0,38}\w|\d{1,8}_?[a-z_]{4,}[\w.]{0,30}))",
            "@",
            _is_handle,
        ),
        pattern(
            "HANDLE",
            r"(?<![\w#/])(?P<v>(?:(?-i:[A-Z])\w{1,20}\s(?=(?-i:[A-Z])))?[^\W\d_][\w.-]{1,31}#\d{4})(?![\w])",
            "#",
            _is_tag,
            shape="#9999",
            least=4,
        ),
        pattern("HANDLE", r"(?<![\w/])/?u/(?P<v>[\w-]{3,20})(?![\w/])", "u"),
        # the user's folder on macOS, Linux and Windows, also escaped in JSON; removable media on Linux
        pattern(
            "USERNAME",
            rf"(?:{_SEP}|(?<!\w)(?=users|documents))(?:Users|home|Documents and Settings){_SEP}{_FOLDER}",
            "users home documents",
            _is_folder,
            score=0.95,
        ),
        pattern(
            "USERNAME",
            rf"(?:{_SEP}run)?{_SEP}media{_SEP}(?P<v>[^/\\\s:*?\"<>|'`]{{2,64}})(?={_SEP})",
            "media",
            _is_folder,
        ),
        # user=, DB_USER:, "createdBy": in settings, queries and logs
        anchored(
            "USERNAME",
            rf"{WORD}(?P<is>{_KEY}[\"'`]?\s?(?:=>?|:=?)\s?[\"'`]?)(?P<v>[\w.@+-]{{2,64}})",
            _KEYS,
            _is_setting,
        ),
        anchored(
            "USERNAME",
            r"\b(?:user\s?name|login(?: name)?|log-?in|nick(?:name)?|screen name|handle|gamertag|account name|user id)"
            r"(?P<is>'s|\s?[:=]|\s(?:is|was|should be|will be))?\s{0,2}[\"'`]?(?P<v>[\w.+-]{3,64}\w)",
            "username user login log nick nickname screen handle gamertag account",
            lambda m: _is_login(m) if m["is"] else _looks_made_up(m),
        ),
        anchored(
            "USERNAME",
            r"\b(?:logged|signed|log|sign|registered|run(?:ning)?)[ -](?:in )?as (?:user )?[\"'`]?(?P<v>[\w.+@-]{2,64}\w)",
            "logged signed log sign registered run running",
            _is_login,
        ),
        anchored(
            "USERNAME",
            r"\b(?:user|account|member|player|nick|login|owner)\s?:?\s[\"'`]?(?P<v>(?=[a-z-]{0,64}[\d_.])[\w.-]{3,64}\w)",
            "user account member player nick login owner",
            _looks_made_up,
        ),
        pattern("USERNAME", r"[\"'`](?P<v>[\w.-]{2,64})[\"'`]@", "@", _is_login, chunk=5, hint=r"[\"'`]@"),
        # log lines: user jane logged in; [jane99] connected; STUDIO\jane; git@host:jane/repo
        anchored(
            "USERNAME",
            r"\buser (?P<v>[\w.-]{2,64}\w)(?= (?:reported|logged|complained|wrote|said|says|connected|joined|signed|uploaded|failed)\b)",
            "user",
            _is_login,
        ),
        anchored("USERNAME", r"\buser\s?[\"'`](?P<v>[\w.@-]{2,64})[\"'`]", "user", _is_login),
        pattern(
            "USERNAME",
            r"(?<![\w.@/-])(?P<v>[a-z][\w.-]{3,40})\W{0,2}\s(?:has )?(?:logged|signed) (?:in|out|on|off)\b",
            "logged signed",
            _looks_made_up,
        ),
        pattern(
            "USERNAME",
            r"(?<![\w:\\.-])[A-Z][A-Z0-9-]{2,14}\\{1,2}(?P<v>[a-z][\w.-]{2,40})(?![\w\\])",
            "\\",
            _is_domain_user,
            chunk=6,
        ),
        pattern("USERNAME", r"--user(?:name)?[ =](?P<v>[a-z][\w.-]{1,32})", "-", _is_login, hint="--user"),
        # --user jane, sudo -u jane, ssh -l jane; <user>jane</user>; uid=1000(jane); ~jane/; sshd: accepted password for jane from
        anchored(
            "USERNAME",
            r"(?:\b(?:sudo|ssh|mysql|psql|curl|smbclient)\b[^\n]{0,30}?\s-[ulU]\s?|<(?:user(?:_?name)?|login|owner|author)>(?=[\w.-]{2,33}</)|\buid=\d{1,10}\(|(?<![\w~/])~(?=[\w.-]{2,32}/))(?P<v>[a-z][\w.-]{1,32})",
            "< ~ sudo ssh mysql psql curl smbclient uid",
            _is_login,
        ),
        anchored(
            "USERNAME",
            r"\b(?:password|publickey|session|failed|failure|invalid|accepted|opened|closed)\b[^\n]{0,20}?\bfor (?:(?:invalid )?user )?(?P<v>[a-z][\w.-]{1,32})(?=\sfrom\b|\sby\b|\(|\s?$)",
            "password publickey session failed failure invalid accepted opened closed",
            _is_login,
        ),
        # login jane / x, user jane pass x
        anchored(
            "USERNAME",
            r"\b(?:user(?:name)?|login|log-?in|account|credentials?)\s?:?\s(?P<v>[\w.@-]{3,64})(?=\s?/\s?\S{0,20}[\d!#$]|,?\s(?:pass|password|pw|pwd)\b)",
            "user username login log account credential credentials",
            _is_login,
        ),
        pattern("USERNAME", r"\bgit@[\w.-]{3,80}:(?P<v>[\w-]{2,64})/", "git"),
        # ig: name, my discord is name, find me on soundcloud as name, psn jane_99
        anchored(
            "USERNAME",
            rf"\b{_SERVICE}\s?(?:user(?:\s?name|\s?id)?|handle|name|id|tag|account)?"
            r"(?P<is>'s\s|\s?[:=]|\sis\b|\sas\b|\s?@|,| -|\s)\s{0,2}[\"'`]?(?P<v>\$?(?!\d)[\w.]{2,64}\w)",
            _SERVICES,
            _is_account,
        ),
        # jamesvolkov318: a first name, more letters, then digits
        pattern(
            "USERNAME",
            r"(?<![\w./@#\\-])(?P<v>(?P<name>[a-z]{6,30})[_.]?\d{1,4})(?![\w.@/\\-])",
            DIGITS,
            _begins_with_a_name,
            score=0.6,
            chunk=7,
            least=1,
            shape="9(?:(?<=[aA]{6}9)|(?<=[aA]{6}[_.]9))",
        ),
    )
