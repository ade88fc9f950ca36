# ruff: noqa: E501, SIM905  a pattern broken over lines, or a list of quoted words, is harder to read
"""What a machine is called: hosts, hardware and network addresses, UUIDs."""

from __future__ import annotations

import ipaddress
import re

from privacy_analytics.scrub.lists import known_names
from privacy_analytics.scrub.recognizers.base import NO_VALUE, ChatRecognizer, anchored, digits, pattern, value

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_VERSION_CUE = re.compile(r"(?:\bv|\bver|\bversion|\bbuild|\brelease|\bfirmware)[.:= ]{0,2}$", re.IGNORECASE)
_ADDRESS_CUE = re.compile(r"\b(?:ip|addr|address|host|ping|server|client|from|at)\b[^\n]{0,20}$", re.IGNORECASE)
_PORT = re.compile(r":\d{2,5}\b")
_COMPUTER = r"(?:macbook|imac|mbp|mac-?mini|mac-?pro|mac-?studio|thinkpad|laptop|desktop|ipad|iphone|galaxy|pixel|xps|win1[01]|nas|(?P<vague>pc|surface|dell|linux|server|mac|air|studio|computer))"
_NAMED = r"(?:(?P<sure>host[ _-]?name|(?:computer|machine|workstation)[ _-]?name)|host|device[ _-]?name|computer|machine|node|workstation)"
_ANYBODYS = frozenset(
    """my the your our his her their old new gaming mid ubuntu kubuntu xubuntu lubuntu studio work home a this that m1 m2
    m3 m4 intel apple windows stand mini gpu cpu""".split()
)
_NO_HOST = frozenset("threading this self thread appdata".split())
_SHARED_FOLDERS = frozenset("users home wsl localhost server share".split())
_NO_OWNER = _ANYBODYS | frozenset("it that what there today let who here where user everyone".split())


def _is_ipv4(match: re.Match[str]) -> bool:
    plain = re.sub(r"[\s\[\]]", "", match[0]).translate(str.maketrans("lIO", "110"))
    try:
        address = ipaddress.IPv4Address(plain)
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or plain == "255.255.255.255":
        return False
    before = match.string[max(0, match.start() - 40) : match.start()]
    if _VERSION_CUE.search(before):
        return False
    small = all(octet < 20 for octet in address.packed) and address.packed[0] != 10
    return not small or bool(_ADDRESS_CUE.search(before)) or bool(_PORT.match(match.string, match.end()))


def _is_ipv6(match: re.Match[str]) -> bool:
    try:
        address = ipaddress.IPv6Address(value(match))
    except ValueError:
        return False
    return len(value(match)) > 6 and not (address.is_loopback or address.is_unspecified)


def _is_mac(match: re.Match[str]) -> bool:
    return match[1] == ":" or re.search("[a-f]", match[0], re.IGNORECASE) is not None


def _is_device(match: re.Match[str]) -> bool:
    return digits(match, 3) and not re.match(r"\d{4}-\d\d-\d\d", value(match))


def _is_personal(match: re.Match[str]) -> bool:
    who = match["who"].lower()
    return who not in _ANYBODYS and (not match["vague"] or _somebodys(who) or match[0].isupper())


def _somebodys(word: str) -> bool:
    return word.lower() in known_names() or word.lower().removesuffix("s") in known_names()


def _is_host(match: re.Match[str]) -> bool:
    """After hostname= any word will do; else there must be a name in it, a digit or capitals: "host: Live 11" is a DAW."""
    name = value(match)
    if name.lower() in NO_VALUE or name.lower() in _ANYBODYS or name.lower() == "localhost":
        return False
    return (bool(match["is"].strip()) and bool(match["sure"])) or (
        "-" in name and (name.isupper() or digits(match, 1) or any(_somebodys(part) for part in name.split("-")))
    )


class DeviceRecognizer(ChatRecognizer):
    """HOSTNAME, IP, MAC and DEVICE_ID."""

    patterns = (
        # UUID (RFC 9562); ids of devices, installations and crash reports
        pattern(
            "DEVICE_ID",
            r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])",
            "-",
            score=0.95,
            chunk=36,
        ),
        anchored(
            "DEVICE_ID",
            r"(?<![a-z])(?:device|machine|hardware|hw|computer|install(?:ation)?|session|client|trace|anonymous|crash|report|dump|android|udid|imei|hwid|serial)"
            r"(?:(?:[ _-](?:report|dump))?[ _-]?(?:id|uuid|guid)[\"'`]?\s?(?:is|=|:|#)?|(?<=udid)[:=#]?|(?<=imei)[:=#]?|(?<=hwid)[:=#]?|(?<=session)\s?[:=])\s{0,2}[\"'`]?(?P<v>(?=[\w-]{0,40}\d)[A-Z0-9][A-Z0-9-]{7,80})(?![\w])",
            "device machine hardware hw computer install installation session client trace anonymous crash report dump android udid imei hwid serial deviceid machineid machineguid hardwareid computerid installid installationid clientid sessionid traceid crashid reportid androidid deviceuuid",
            _is_device,
            least=3,
        ),
        # MAC addresses with colons, dashes or dots (IEEE 802, Cisco); bare or spaced only after a cue
        pattern(
            "MAC",
            r"(?<![\w:-])(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![\w:-])",
            ": -",
            _is_mac,
            score=0.95,
            chunk=17,
            hint="[:-][0-9a-f]{2}[:-][0-9a-f]{2}[:-]",
        ),
        pattern(
            "MAC",
            r"(?<![\w.])[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}(?![\w.])",
            ".",
            lambda m: bool(re.search("[a-f]", m[0], re.IGNORECASE)),
            chunk=14,
            hint=r"\.[0-9a-f]{4}\.",
        ),
        anchored(
            "MAC",
            r"\b(?:mac|hwaddr|ether)(?: address| addr)?\s?(?:is|=|:)?\s{0,2}(?P<v>[0-9a-f]{2}(?: ?[0-9a-f]{2}){5})(?!\w)",
            "mac hwaddr ether",
        ),
        # IPv4, also defanged (1[.]2) or misread (l for 1); IPv6 (RFC 4291)
        pattern(
            "IP",
            rf"(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d)",
            ".",
            _is_ipv4,
            score=0.95,
            least=4,
            chunk=7,
            shape=r"9\.9{1,3}\.9",
        ),
        pattern(
            "IP",
            r"(?<![\w.])[\dlIO]{1,3}(?:(?: \. | ?\.|\[\.\])[\dlIO]{1,3}){3}(?![\w.])",
            ".",
            lambda m: digits(m, 4) and _is_ipv4(m),
            case=True,
            least=4,
            hint=r"\.(?:(?<=[\dlIO]\.)|(?<=[\dlIO][ \[]\.))[ \]]?[\dlIO]{1,3}[ .\[]",
        ),
        pattern(
            "IP",
            r"(?<![\w:.])(?P<v>(?=[0-9a-f:]{0,38}\d)[0-9a-f]{0,4}:(?:[0-9a-f]{0,4}:){1,6}[0-9a-f]{1,4})(?![\w:])",
            ":",
            _is_ipv6,
            score=0.95,
            chunk=7,
            least=1,
            hint=":[0-9a-f]{0,4}:",
        ),
        # janes-macbook-pro.local, iPhone-von-Jane, DESKTOP-4F9K2LM, ip-10-0-0-4
        pattern(
            "HOSTNAME",
            rf"(?<![\w.@/-])(?P<who>[^\W_]+)(?:[-_][^\W_]+){{0,3}}[-_]{_COMPUTER}(?:-(?:pro|air|mini|max|\d{{1,4}})){{0,3}}(?:\.(?:local|lan|home|internal|localdomain|fritz\.box))?(?!\w)",
            "-",
            _is_personal,
            chunk=6,
            hint=rf"[-_]{_COMPUTER}",
        ),
        pattern(
            "HOSTNAME",
            rf"(?<![\w./@-]){_COMPUTER}(?:-\w{{1,10}})?-(?:von|de|di|van|av|of)-[^\W\d_][\w-]{{1,40}}(?:\.(?:local|lan|home|fritz\.box))?(?!\w)",
            "von de di van av of",
            hint="-(?:von|de|di|van|av|of)-",
        ),
        pattern(
            "HOSTNAME",
            r"(?<![\w./@-])(?P<who>[^\W_][\w-]{1,62})\.(?:local|lan|localdomain|fritz\.box|internal)(?![\w(])",
            "local lan localdomain fritz internal",
            lambda m: m["who"].lower() not in _NO_HOST,
        ),
        pattern(
            "HOSTNAME",
            r"(?<![\w-])(?:DESKTOP|LAPTOP|WIN|PC|MAC|WORKSTATION|STUDIO)-(?=[A-Z]{0,12}\d)[A-Z0-9]{5,14}(?![\w-])",
            "desktop laptop win pc mac workstation studio",
        ),
        anchored("HOSTNAME", r"(?<![\w-])ip(?:-\d{1,3}){4}(?![\w-])", "ip"),
        # hostname=x, "computer name is x", \\x\share
        anchored(
            "HOSTNAME",
            rf"(?<![a-z]){_NAMED}[\"'`]?(?P<is>\s?(?:=|:)|\s(?<=name\s)is|\s)\s{{0,2}}[\"'`]?(?P<v>[A-Za-z][\w.-]{{2,62}}\w)",
            "host hostname computer computername machine machinename device devicename node workstation",
            _is_host,
        ),
        pattern(
            "HOSTNAME",
            r"(?<![\w:\\])\\{2,4}(?P<v>[a-z][\w.-]{1,62})\\{1,2}(?=[^\\\s])",
            "\\",
            lambda m: value(m).lower() not in _SHARED_FOLDERS,
            chunk=6,
        ),
        # Jane's MacBook
        pattern(
            "PERSON",
            rf"\b(?P<v>(?-i:[A-Z])[^\W\d_]{{1,19}})'s?[ -](?:{_COMPUTER})\b",
            "'",
            lambda m: value(m).lower() not in _NO_OWNER,
            hint=rf"'s?[ -]{_COMPUTER}",
        ),
    )
