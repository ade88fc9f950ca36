"""Check digits and check letters of numbers that stand for somebody."""

from __future__ import annotations

import re


def luhn(number: str) -> bool:
    """Whether the check digit of a card number is right (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, char in enumerate(reversed(number)):
        digit = int(char) * (2 if place % 2 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def iban(code: str) -> bool:
    """Whether the check digits are right (ISO 13616: remainder 1 modulo 97)."""
    turned = code[4:] + code[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def dni(code: str) -> bool:
    """Whether the check letter of a Spanish DNI or NIE is right (Real Decreto 1553/2005, number modulo 23)."""
    number = code[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == code[-1]


def fours(match: re.Match[str]) -> bool:
    """Whether groups of four digits are neither years nor round."""
    groups = re.findall(r"\d+", match[0])
    return not all(group.endswith("0") for group in groups) and not all(group[:2] in ("19", "20") for group in groups)
