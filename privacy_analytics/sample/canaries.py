"""Planted identifiers: plausible in form, from ranges that belong to nobody wherever such ranges exist.

Sources: RFC 2606 (example domains), RFC 5737 and 3849 (documentation addresses), 555-01xx (NANP fiction range),
Ofcom's drama numbers (020 7946 0xxx, 07700 900xxx), ACMA's (0491 570 156 to 159), ARCEP's (01 99 00) and
BNetzA's (030 23125).
"""

from __future__ import annotations

import base64
import json
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from privacy_analytics.sample.phrases import words

COUNTS = {
    "email": 14,
    "phone": 14,
    "card": 9,
    "iban": 8,
    "ssn": 6,
    "api_key": 10,
    "license_key": 8,
    "home_path": 20,
    "handle": 10,
    "ip": 8,
    "mac": 6,
    "device_id": 6,
    "hostname": 8,
    "password": 8,
    "record_id": 8,
    "address": 8,
    "profile_url": 6,
    "birth_date": 6,
    "person_other": 16,
}
OWN = ("person_own", "username_own", "email_own")
OWN_COUNT = 10
"""Accounts that name each of their own identifiers in a chat."""


@dataclass(frozen=True)
class Person:
    """Somebody invented."""

    given: str
    family: str

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def username(self) -> str:
        return f"{self.given[:4]}_{self.family}".lower()

    @property
    def email(self) -> str:
        return f"{self.given}.{self.family}@example.com".lower()


@dataclass(frozen=True)
class Canary:
    """A planted identifier: the words that stand in a text, and the string in them that must never come out."""

    kind: str
    shown: str
    secret: str


def people() -> Iterator[Person]:
    """Rare names, each pair once (the two lists have no common divisor)."""
    names = words("names")
    given, family = names["planted_given"], names["planted_family"]
    return (Person(given[i % len(given)], family[i % len(family)]) for i in range(len(given) * len(family)))


def canaries(random: Random, strangers: Iterator[Person]) -> list[Canary]:
    """All identifiers but an account's own, COUNTS of each kind, no two alike."""
    return [_MAKERS[kind](random, next(strangers), i) for kind, count in COUNTS.items() for i in range(count)]


def luhn(digits: str) -> str:
    """The digits and their check digit (ISO/IEC 7812-1)."""
    doubled = [int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits))]
    return digits + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


def iban(country: str, account: str) -> str:
    """The account number with its check digits (ISO 13616)."""
    as_number = "".join(str(int(c, 36)) for c in f"{account}{country}00")
    return f"{country}{98 - int(as_number) % 97:02d}{account}"


def _some(random: Random, alphabet: str, count: int) -> str:
    return "".join(random.choices(alphabet, k=count))


def _digits(random: Random, count: int) -> str:
    return _some(random, string.digits, count)


def _fill(random: Random, pattern: str) -> str:
    """Put a digit for every #."""
    return "".join(random.choice(string.digits) if c == "#" else c for c in pattern)


def _plain(kind: str, text: str) -> Canary:
    return Canary(kind, text, text)


def _email(_: Random, who: Person, i: int) -> Canary:
    host = ("example.org", "mail.example.net", "studio.example.com")[i % 3]
    local = f"{who.given}.{who.family}".lower()
    spelled = f"{local} at {host.replace('.', ' dot ')}"
    return _plain("email", (f"{local}@{host}", f"{local}@{host}", spelled, f"{local}%40{host}")[i % 4])


def _phone(random: Random, _: Person, i: int) -> Canary:
    # The running number keeps two of one country apart.
    n = f"{i:02d}"
    patterns = (
        f"+1 (202) 555-01{n}",
        f"312-555-01{n}",
        f"+44 20 7946 0{n}#",
        f"07700 9002{n}",
        f"+33 1 99 00 {n} ##",
        f"+49 30 23125 1{n}",
        f"+61 491 570 {156 + i // 7}",
    )
    return _plain("phone", _fill(random, patterns[i % len(patterns)]))


def _card(random: Random, _: Person, i: int) -> Canary:
    number = luhn(("424242", "555555", "400005")[i % 3] + _digits(random, 9))
    groups = [number[at : at + 4] for at in range(0, 16, 4)]
    return _plain("card", ("", " ", "-")[i // 3 % 3].join(groups))


def _iban(random: Random, _: Person, i: int) -> Canary:
    country, length = (("DE", 18), ("FR", 23), ("NL", 14), ("GB", 18))[i % 4]
    bank = {"NL": "TEST", "GB": "TEST"}.get(country, "")
    number = iban(country, bank + _digits(random, length - len(bank)))
    spaced = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    return _plain("iban", spaced if i % 2 else number)


def _ssn(random: Random, _: Person, i: int) -> Canary:
    return _plain("ssn", f"8{i + 11}-{random.randrange(10, 99)}-{random.randrange(1000, 9999)}")


def _api_key(random: Random, who: Person, i: int) -> Canary:
    letters = string.ascii_letters + string.digits
    if i % 4 == 0:
        key = "sk-" + _some(random, letters, 48)
    elif i % 4 == 1:
        key = "ghp_" + _some(random, letters, 36)
    elif i % 4 == 2:
        key = "AKIA" + _some(random, string.ascii_uppercase + "234567", 16)
    else:
        parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": who.username, "iat": 1_790_000_000 + i})
        compact = [json.dumps(part, separators=(",", ":")).encode() for part in parts]
        encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in compact]
        key = ".".join([*encoded, _some(random, letters, 43)])
    return _plain("api_key", key)


def _license_key(random: Random, _: Person, i: int) -> Canary:
    groups = [_some(random, string.ascii_uppercase + "23456789", 5) for _ in range(5)]
    return _plain("license_key", "-".join(groups[: 4 + i % 2]))


def _home_path(_: Random, who: Person, i: int) -> Canary:
    user = f"{who.given[0]}q{who.family}".lower()
    return Canary("home_path", home(i, user) + ("/Music/Samples", "\\Music\\Samples", "/samples")[i % 3], user)


def home(i: int, user: str) -> str:
    """A user's home folder on macOS, Windows or Linux."""
    return (f"/Users/{user}", f"C:\\Users\\{user}", f"/home/{user}")[i % 3]


def _handle(random: Random, who: Person, i: int) -> Canary:
    name = f"{who.family}{who.given[:3]}".lower()
    return _plain("handle", f"{name}#{random.randrange(1000, 9999)}" if i % 3 == 2 else f"@{name}.beats")


def _ip(random: Random, _: Person, i: int) -> Canary:
    net = ("192.0.2", "198.51.100", "203.0.113")[i % 3]
    v6 = f"2001:db8:{random.randrange(4096, 65535):x}::{random.randrange(4096, 65535):x}"
    return _plain("ip", v6 if i % 4 == 3 else f"{net}.{101 + i * 7}")


def _mac(random: Random, _: Person, i: int) -> Canary:
    pairs = ["02", *(f"{random.randrange(256):02x}" for _ in range(5))]
    return _plain("mac", ":".join(pairs) if i % 2 else "-".join(pairs).upper())


def _device_id(random: Random, _: Person, __: int) -> Canary:
    return _plain("device_id", str(uuid.UUID(int=random.getrandbits(128), version=4)))


def _hostname(_: Random, who: Person, i: int) -> Canary:
    given = who.given.lower()
    tail = who.family[:5].lower()
    return _plain(
        "hostname",
        (f"{given}-{tail}s-macbook-pro.local", f"desktop-{given}{tail}.local", f"{given}-{tail}-imac.lan")[i % 3],
    )


def _password(random: Random, who: Person, i: int) -> Canary:
    return _plain("password", f"{who.family[:6]}!{random.randrange(100, 999)}{'xyz'[i % 3]}")


def _record_id(random: Random, _: Person, i: int) -> Canary:
    return _plain("record_id", ("ORD-{}", "TKT-{}", "INV-2026-{}")[i % 3].format(_digits(random, 7)))


def _address(random: Random, who: Person, i: int) -> Canary:
    street = who.family
    places = (
        f"{random.randrange(100, 999)} {street} Street, Springfield, IL 62{random.randrange(100, 999)}",
        f"{street}straße {random.randrange(10, 99)}, 10{random.randrange(100, 999)} Berlin",
        f"{random.randrange(10, 99)} {street} Road, London SW1{'ABC'[i % 3]} 9ZZ",
    )
    return _plain("address", places[i % 3])


def _profile_url(_: Random, who: Person, i: int) -> Canary:
    site = ("https://soundcloud.com/{}", "https://www.instagram.com/{}/", "https://www.linkedin.com/in/{}")[i % 3]
    return _plain("profile_url", site.format(f"{who.given}-{who.family}".lower()))


def _birth_date(random: Random, _: Person, i: int) -> Canary:
    day, month, year = random.randrange(13, 29), i % 6 + 1, 1966 + 5 * i
    return _plain(
        "birth_date", (f"{day}.{month:02d}.{year}", f"{year}-{month:02d}-{day}", f"{month:02d}/{day}/{year}")[i % 3]
    )


def _person_other(_: Random, who: Person, __: int) -> Canary:
    return _plain("person_other", who.name)


_MAKERS: dict[str, Callable[[Random, Person, int], Canary]] = {
    "email": _email,
    "phone": _phone,
    "card": _card,
    "iban": _iban,
    "ssn": _ssn,
    "api_key": _api_key,
    "license_key": _license_key,
    "home_path": _home_path,
    "handle": _handle,
    "ip": _ip,
    "mac": _mac,
    "device_id": _device_id,
    "hostname": _hostname,
    "password": _password,
    "record_id": _record_id,
    "address": _address,
    "profile_url": _profile_url,
    "birth_date": _birth_date,
    "person_other": _person_other,
}
