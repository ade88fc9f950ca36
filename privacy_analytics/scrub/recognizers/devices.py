# ruff: noqa: E501  a pattern broken over lines is harder to read
"""What a machine is called: hosts, hardware and network addresses, UUIDs."""

from __future__ import annotations

import ipaddress
import re

from privacy_analytics.scrub.recognizers.base import ChatRecognizer, pattern, value

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_VERSION_CUE = re.compile(r"(?:\bv|\bver|\bversion|\bbuild|\brelease|\bfirmware)[.:= ]{0,2}$", re.IGNORECASE)
_ADDRESS_CUE = re.compile(r"\b(?:ip|addr|address|host|ping|server|client|from|at)\b[^\n]{0,20}$", re.IGNORECASE)
_COMPUTER = r"(?:macbook|imac|mbp|mac-?mini|mac-?pro|mac-?studio|thinkpad|laptop|desktop|pc|ipad|iphone|surface|xps|dell|win1[01]|linux|nas|server|mac|air)"
_ANYBODYS = frozenset(
    [
        "my",
        "the",
        "your",
        "our",
        "his",
        "her",
        "their",
        "old",
        "new",
        "gaming",
        "mid",
        "ubuntu",
        "kubuntu",
        "xubuntu",
        "lubuntu",
        "studio",
        "work",
        "home",
        "a",
        "this",
        "that",
        "m1",
        "m2",
        "m3",
        "m4",
        "intel",
        "apple",
        "windows",
        "stand",
        "mini",
        "gpu",
        "cpu",
    ]
)


def _is_ipv4(match: re.Match[str]) -> bool:
    address = ipaddress.IPv4Address(match[0])
    if address.is_loopback or address.is_unspecified or address == ipaddress.IPv4Address("255.255.255.255"):
        return False
    before = match.string[max(0, match.start() - 40) : match.start()]
    if _VERSION_CUE.search(before):
        return False
    small = all(octet < 20 for octet in address.packed) and address.packed[0] != 10
    return not small or bool(_ADDRESS_CUE.search(before))


def _is_ipv6(match: re.Match[str]) -> bool:
    try:
        address = ipaddress.IPv6Address(value(match))
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _is_personal(match: re.Match[str]) -> bool:
    return match["who"].lower() not in _ANYBODYS


class DeviceRecognizer(ChatRecognizer):
    """HOSTNAME, IP, MAC and DEVICE_ID."""

    patterns = (
        pattern(
            "DEVICE_ID",
            r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])",
            "-",
            score=0.95,
        ),
        pattern(
            "DEVICE_ID",
            r"\b(?:device|machine|hardware|hw|computer|install(?:ation)?|session|udid|imei|serial|client|trace|anonymous|crash|report|dump)[ _-]?(?:id|uuid|number|no)?\s?(?:is|=|:|#)\s{0,2}[\"'`]?(?P<v>(?=[\w-]{0,40}\d)[A-Z0-9][A-Z0-9-]{7,80})(?![\w])",
            "id uuid udid imei number serial device machine session",
            lambda m: sum(c.isdigit() for c in value(m)) >= 3 and not re.match(r"\d{4}-\d\d-\d\d", value(m)),
        ),
        pattern("MAC", r"(?<![\w:-])(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![\w:-])", ": -", score=0.95),
        pattern(
            "MAC",
            r"(?<![\w.])[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}(?![\w.])",
            ".",
            lambda m: bool(re.search("[a-f]", m[0], re.IGNORECASE)),
        ),
        pattern("IP", rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d)", ".", _is_ipv4, score=0.95),
        pattern(
            "IP",
            r"(?<![\w:.])(?P<v>(?=[0-9a-f:]{0,38}\d)[0-9a-f]{0,4}:(?:[0-9a-f]{0,4}:){1,6}[0-9a-f]{1,4})(?![\w:])",
            ":",
            _is_ipv6,
            score=0.95,
        ),
        pattern(
            "HOSTNAME",
            rf"(?<![\w.@/-])(?P<who>[^\W_]+)(?:[-_][^\W_]+){{0,3}}[-_]{_COMPUTER}(?:-(?:pro|air|mini|max|\d{{1,4}})){{0,3}}(?:\.(?:local|lan|home|internal|localdomain|fritz\.box))?(?!\w)",
            "-",
            _is_personal,
        ),
        pattern(
            "HOSTNAME",
            r"(?<![\w./@-])(?P<who>[^\W_][\w-]{1,62})\.(?:local|lan|localdomain|fritz\.box|internal)(?![\w(])",
            ".",
            lambda m: m["who"].lower() not in {"threading", "this", "self", "thread", "appdata"},
        ),
        pattern(
            "HOSTNAME",
            r"(?<![\w-])(?:DESKTOP|LAPTOP|WIN|PC|MAC|WORKSTATION|STUDIO)-(?=[A-Z]{0,12}\d)[A-Z0-9]{5,14}(?![\w-])",
            "-",
        ),
        pattern(
            "HOSTNAME",
            r"\b(?:host(?:_?name)?|computer(?:_?name)?|machine(?:_?name)?)\s?(?:=|:|name is)\s{0,2}[\"'`]?(?P<v>[A-Za-z][\w.-]{2,62}\w)",
            "= : name",
            lambda m: (
                value(m).lower() not in {"localhost", "none", "null", "unknown"} and m["v"].lower() not in _ANYBODYS
            ),
        ),
        pattern(
            "PERSON",
            rf"\b(?P<v>[^\W\d_]{{2,20}})'s?[ -](?:{_COMPUTER})\b",
            "'",
            lambda m: (
                value(m).lower()
                not in _ANYBODYS
                | {"it", "that", "what", "there", "today", "let", "who", "here", "where", "user", "everyone"}
                and value(m)[0].isupper()
            ),
        ),
    )
