# ruff: noqa: E501  a pattern broken over lines is harder to read
"""Numbers that stand for somebody: cards, accounts, papers, orders, dates of birth."""

from __future__ import annotations

import re

from privacy_analytics.scrub.recognizers.base import DIGITS, ChatRecognizer, digits, pattern, value

_IS = r"(?:\s?(?:'s|number|numbers|no\.?|nr\.?|num|id|card|code|ref|reference|ending(?: in| with)?|is|was|:|=|#|-|\u2116)){0,5}[\s\"'`]{0,2}"
_CODE = r"(?P<v>#?(?=[A-Z/-]{0,20}\d)[A-Z0-9](?:[A-Z0-9]|[-/](?=[A-Z0-9])){3,39})(?!\w)"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]{0,6}\.?"
_DATE = (
    rf"(?:\d{{1,4}}[./ -]\d{{1,2}}[./ -]\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{2,4}})?"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?)"
)
_CARD_CUE = re.compile(r"\b(?:card|visa|mastercard|amex|debit|credit)\b", re.IGNORECASE)
_PITCH = re.compile(r"\s{0,2}(?:k?hz|db|bpm|ms|%|bars?|times|x\b)", re.IGNORECASE)


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


def _is_card(match: re.Match[str]) -> bool:
    number = re.sub(r"\D", "", match[0])
    if not 13 <= len(number) <= 19 or len(set(number)) == 1:
        return False
    before = match.string[max(0, match.start() - 60) : match.start()]
    return luhn(number) or bool(_CARD_CUE.search(before))


def _is_iban(match: re.Match[str]) -> bool:
    code = re.sub(r"[ -]", "", match[0]).upper()
    return any(iban(code[:length]) for length in range(len(code), 14, -1))


def _is_code(match: re.Match[str]) -> bool:
    return digits(match, 3) and not _PITCH.match(match.string, match.end())


def _is_order(match: re.Match[str]) -> bool:
    certain = re.search(
        r"[#:=]|number|no\b|nr|num|\bid\b|code", match[0][: match.start("v") - match.start()], re.IGNORECASE
    )
    return _is_code(match) and (bool(certain) or digits(match, 5) or not value(match).isdigit())


class NumberRecognizer(ChatRecognizer):
    """CREDIT_CARD, IBAN, SSN, ORDER_ID, ID and DOB."""

    patterns = (
        pattern("CREDIT_CARD", r"(?<![\w.+-])\d(?:[ -]{0,2}\d){12,18}(?![\w-])", DIGITS, _is_card, score=0.95),
        pattern(
            "IBAN",
            r"(?<!\w)(?:[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}|[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30})",
            DIGITS,
            _is_iban,
            score=0.95,
            case=True,
        ),
        pattern(
            "SSN",
            r"(?<![\w-])[\dOolISB]{3}([- ])[\dOolISB]{2}\1[\dOolISB]{4}(?![\w-])",
            "- 0 1 2 3 4 5 6 7 8 9",
            lambda m: digits(m, 6) and (m[1] == "-" or bool(re.search(r"ssn|social|tax", m.string, re.IGNORECASE))),
            case=True,
            score=0.95,
        ),
        pattern("SSN", rf"\b(?:ssn|social(?: security)?){_IS}(?P<v>\d[\d -]{{7,10}}\d)(?!\w)", "ssn social"),
        pattern(
            "ORDER_ID",
            rf"\b(?:order|invoice|ticket|booking|receipt|transaction|txn|refund|subscription|confirmation|tracking|purchase|rma|(?<!in )case|support|request|shipment|payment){_IS}{_CODE}",
            "order invoice ticket booking receipt transaction txn refund subscription confirmation tracking purchase rma case support request shipment payment",
            _is_order,
        ),
        pattern(
            "ORDER_ID",
            r"\b(?:reference|ref)\s?(?:number|no\.?|id|code|#|:|=){1,2}\s?(?:is|:)?\s{0,2}" + _CODE,
            "reference ref",
            _is_code,
        ),
        pattern(
            "ORDER_ID",
            r"(?<![\w-])(?:ORD|ORDER|INV|TKT|TICKET|CASE|REF|TXN|SUB|PO|RMA|MRN|CUST|ACC|ACCT|EMP|USR|REQ|INC|BK|PAY|CUS|PI|CH|REC)[-_#]{1,2}(?=[A-Z]{0,30}[\d-])[A-Z0-9-]{3,40}(?!\w)",
            "- _ #",
            lambda m: digits(m, 3),
            score=0.95,
        ),
        pattern(
            "ID",
            rf"\b(?:passport|student|policy|account|acct|member(?:ship)?|customer|employee|national|licen[cs]e|driver'?s licen[cs]e|tax|vat|nhs|aadhaa?r|pan|insurance|patient|routing|sort code|medicare|mrn|matriculation|identification|identity|ein|nino|nif|dni|bank account|user|client|personal|id card|health|registration|steuer|iban|swift|bic){_IS}{_CODE}",
            "passport student policy account acct member membership customer employee national license licence tax vat nhs aadhaar aadhar pan insurance patient routing sort medicare mrn matriculation identification identity ein nino nif dni user client personal id health registration iban swift bic",
            lambda m: _is_code(m) and (digits(m, 4) or not value(m).isdigit()),
        ),
        pattern(
            "ID",
            r"\b(?:id|identifier)\s?(?:number|no\.?|card|#)?\s?(?:is|:|=|#)\s{0,2}" + _CODE,
            "id identifier",
            _is_code,
        ),
        pattern(
            "DOB",
            rf"\b(?:dob|d\.o\.b\.?|date of birth|birth ?date|born(?: on)?|birthday|b-?day|geburtsdatum)\b[^\n\d]{{0,20}}?(?P<v>{_DATE})",
            "dob birth birthdate born birthday bday b geburtsdatum o",
        ),
    )
