# ruff: noqa: E501  a pattern broken over lines is harder to read
"""What somebody is called by machines: handles, logins, the user's folder."""

from __future__ import annotations

import re

from privacy_analytics.scrub.lists import ordinary_words
from privacy_analytics.scrub.recognizers.base import ChatRecognizer, pattern, value

_SEP = r"(?:/|\\{1,4}/?)"
_FOLDER = rf"(?P<v>[^/\\\s:*?\"<>|'`]+(?:[ '][^/\\\s:*?\"<>|'`]+){{0,3}}(?={_SEP})|[^/\\\s:*?\"<>|'`,;)\]]+)"
_NOBODY = frozenset(
    {"shared", "public", "default", "all users", "guest", "user", "username", "<user>", "you", "yourname"}
)
_ANNOTATIONS = frozenset(
    [
        "property",
        "override",
        "media",
        "import",
        "param",
        "params",
        "return",
        "returns",
        "everyone",
        "here",
        "channel",
        "all",
        "bar",
        "bars",
        "beat",
        "beats",
        "bpm",
        "the",
        "about",
        "around",
        "least",
        "staticmethod",
        "classmethod",
        "dataclass",
        "types",
        "font-face",
    ]
)
_SERVICE = (
    r"(?:insta(?:gram)?|ig|snap(?:chat)?|discord|twitter|telegram|tiktok|soundcloud|twitch|steam|psn|xbox|gamertag|skype|kik|reddit"
    r"|youtube|bandcamp|splice|github|facebook|fb|paypal|venmo|cashapp)"
)


def _is_handle(match: re.Match[str]) -> bool:
    name = value(match).lstrip("@").lower().rstrip(".")
    return name not in _ANNOTATIONS


def _is_tag(match: re.Match[str]) -> bool:
    return value(match).split("#")[0].lower() not in ordinary_words() | {
        "issue",
        "bug",
        "ticket",
        "order",
        "invoice",
        "pr",
    }


def _is_folder(match: re.Match[str]) -> bool:
    return value(match).lower() not in _NOBODY


def _is_login(match: re.Match[str]) -> bool:
    name = value(match).lower()
    return name not in ordinary_words() and name not in _NOBODY and any(c.isalpha() for c in name)


def _looks_made_up(match: re.Match[str]) -> bool:
    return _is_login(match) and bool(re.search(r"[\d_.-]", value(match))) and not re.match(r"v?[\d.]+$", value(match))


class AccountRecognizer(ChatRecognizer):
    """HANDLE and USERNAME."""

    patterns = (
        pattern(
            "HANDLE",
            r"(?<![\w@./%+-])(?P<v>@(?:[^\W\d][\w.-]{0,38}\w|\d{1,8}_?[a-z_]{4,}[\w.]{0,30}))",
            "@",
            _is_handle,
        ),
        pattern("HANDLE", r"(?<![\w#/])(?P<v>[^\W\d_][\w.-]{1,31}#\d{4})(?![\w])", "#", _is_tag),
        pattern(
            "USERNAME",
            rf"(?:^|{_SEP}|(?<![\w]))(?:Users|home|Documents and Settings){_SEP}{_FOLDER}",
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
        pattern(
            "USERNAME",
            r"(?<!\w)\w{0,20}(?:user(?:_?name|_?id)?|login|uid)\s?=>?\s?[\"'`]?(?P<v>[\w.@+-]{2,64})",
            "=",
            _is_login,
        ),
        pattern(
            "USERNAME",
            r"\"?(?:user_?name|user_?id|login|nick(?:name)?|screen_?name|user)\"?\s?:\s?[\"'`](?P<v>[\w.@+-]{2,64})[\"'`]",
            ":",
            _is_login,
        ),
        pattern(
            "USERNAME",
            r"\b(?:user\s?name|login(?: name)?|log-?in|nick(?:name)?|screen name|handle|gamertag|account name|user id)"
            r"(?:\s?[:=]|\s(?:is|was|should be)|\s)\s{0,2}[\"'`]?(?P<v>[\w.+-]{3,64}\w)",
            "username user login log nick nickname screen handle gamertag name",
            lambda m: (
                _is_login(m)
                if re.search(r"[:=]|\bis\b|was|be\b", m[0][: m.start("v") - m.start()])
                else _looks_made_up(m)
            ),
        ),
        pattern(
            "USERNAME",
            r"\b(?:logged|signed|log|sign|registered|known)[ -](?:in )?as (?:user )?[\"'`]?(?P<v>[\w.+@-]{2,64}\w)",
            "as",
            _is_login,
        ),
        pattern(
            "USERNAME",
            r"\b(?:user|account|member|player|nick)\s[\"'`]?(?P<v>(?=[a-z]{0,64}[\d_.-])[\w.-]{3,64}\w)",
            "user account member player nick",
            _looks_made_up,
        ),
        pattern(
            "USERNAME", r"(?:user|login)[\"']?\s?(?::=|=>|[:=])\s?[\"'](?P<v>[\w.@+-]{2,64})[\"']", "\" '", _is_login
        ),
        pattern("USERNAME", r"[\"'`](?P<v>[\w.-]{2,64})[\"'`]@", "@", _is_login),
        pattern(
            "USERNAME",
            r"\buser (?P<v>[\w.-]{2,64}\w)(?= (?:reported|logged|complained|wrote|said|says|connected|joined|signed|uploaded)\b)",
            "user",
            _is_login,
        ),
        pattern("USERNAME", r"\buser\s?[\"'`](?P<v>[\w.@-]{2,64})[\"'`]", "user", _is_login),
        pattern(
            "USERNAME",
            rf"\b(?:my |on |add me on |find me on |dm me on ){{0,2}}{_SERVICE}\s?(?:user(?:name)?|handle|name|id|tag|account)?\s?"
            r"(?::|=|\bis\b|\bas\b|@)\s{0,2}[\"'`]?(?P<v>[\w.]{2,64}\w)",
            "my me user username handle id tag :",
            lambda m: _is_login(m) if ":" in m[0] or m[0][:2].lower() == "my" else _looks_made_up(m),
        ),
    )
