# ruff: noqa: E501  a pattern broken over lines is harder to read
"""Numbers that stand for somebody: cards, accounts, papers, orders, dates of birth."""

from __future__ import annotations

import re

from privacy_analytics.scrub.lists import ordinary_words
from privacy_analytics.scrub.recognizers.base import DIGITS, WORD, ChatRecognizer, anchored, digits, pattern, value
from privacy_analytics.scrub.recognizers.checks import fours, iban, luhn
from privacy_analytics.scrub.recognizers.papers import SHAPES

_IS = (
    r"(?:[\s_-]?(?:'s\b|(?:numbers?|no|nr|num|id|card|code|ref|reference|file|holder|confirmation|ending(?: in| with)?|ends (?:in|with)|is|was)(?![a-z])\.?|:|=|#|-|\u2116)[\"'`]?){0,5}"
    r"[\s\"'`*]{0,3}"
)
_PLAIN = r"#?(?=[A-Z/-]{0,20}\d)[A-Z0-9](?:[A-Z0-9]|[-/_](?=[A-Z0-9])){3,39}"
_CODE = rf"(?P<v>{_PLAIN})(?!\w)"
_GROUPED = (
    r"\d{2,4}(?:[ -]\d{2,4}){2,5}|[XYZ]-\d{7}-[A-Z]|[A-Z]{1,2} ?\d{2}(?: \d{2}){2} ?[A-Z]?|[A-Z]{1,3} ?\d{3} \d{4} \d{2,3}"
    r"|\d{2,4}(?:[./-]\d{2,5}){2,4}|[A-Z]{1,3}-[A-Z]{1,3} ?\d{1,4}"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]{0,6}\.?"
_DATE = (
    rf"(?:\d{{1,4}}[./ -]\d{{1,2}}[./ -]\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th)?(?: of)?[ -]{_MONTH}(?:,?[ -]\d{{2,4}})?"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?!\d)(?:,? \d{{4}})?|{_MONTH},? (?:19|20)\d\d|(?:19|20)\d\d(?:[01]\d[0-3]\d)?(?!\d)|[0-3]\d[01]\d(?:19|20)\d\d|\d{{1,2}}[./]\d{{1,2}})"
)
_ORDER = "order invoice ticket booking receipt transaction txn tracking claim rma confirmation purchase bestellnummer bestellung auftragsnummer rechnungsnummer rechnung zendesk jira"
_WEAK_ORDER = "refund subscription case support request shipment payment record cart delivery incident reservation"
_ID = (
    "passport student policy account acct acc member membership customer cust employee emp national tax vat nhs aadhaar aadhar pan insurance patient"
    " routing aba sort medicare mrn matriculation identification identity ein nino nif nie dni cpf cnpj client personal health steuer swift bic ifsc"
    " voter badge itin vin steuernummer personnummer bsn pesel"
)
_PAPERS = r"licen[cs]e(?: plate)?|driver'?s licen[cs]e|sort code|bank account|user|id card|registration|national insurance|ni|medical record|social insurance|sin|codice fiscale|green card|visa|number plate|plate|case file|steuer-?id|iban"
_TIME = re.compile(
    r"1[4-9]\d{11}(?:\d{3}){0,2}$|20\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:\d\d){2,3}$"
)  # Unix, in ms or finer; 20231121123456
_COUNTED = re.compile(
    r"\b(?:memory|size|offset|address|pointer|handle|tick|ram|disk|bytes|samples?|seed|time|timestamp|position)\W{0,3}$",
    re.IGNORECASE,
)
_SSN_CUE = re.compile(r"ssn|social|tax", re.IGNORECASE)
_CARD_CUE = re.compile(r"\b(?:card|visa|mastercard|amex|debit|credit|cc)\b", re.IGNORECASE)
_PITCH = re.compile(r"\s{0,2}(?:k?hz|db|bpm|ms|%|bars?|times|x\b)", re.IGNORECASE)
_MACHINES = re.compile(
    r"\b(?:thread|process|track|plug-?in|event|error|class|bundle|param|clip|note)[ _]$", re.IGNORECASE
)
_YEAR_OR_ROUND = re.compile(r"(?:19|20)\d\d|\d+00")
_CERTAIN = re.compile(r"[#:=]|number|no\b|nr|num|id\b|code|confirmation|nummer", re.IGNORECASE)


def _is_card(match: re.Match[str]) -> bool:
    number = re.sub(r"\D", "", match[0])
    if not 13 <= len(number) <= 19 or len(set(number)) == 1:
        return False
    if _CARD_CUE.search(match.string[max(0, match.start() - 60) : match.start()]):
        return True
    if _TIME.match(number):
        return False
    counted = _COUNTED.search(match.string[max(0, match.start() - 20) : match.start()])
    return luhn(number) or (match[0] == number and not counted and not number.endswith("000"))


def _is_iban(match: re.Match[str]) -> bool:
    code = re.sub(r"[ -]", "", match[0]).upper()
    return digits(match, 10) and any(iban(code[:length]) for length in range(len(code), 14, -1))


def _is_ssn(match: re.Match[str]) -> bool:
    """With dashes always; with spaces after a cue, or as a whole message."""
    text, start, end = match.string, match.start(), match.end()
    if "-" in match[1] or _SSN_CUE.search(text[max(0, start - 80) : end + 80]):
        return digits(match, 4)
    return digits(match, 9) and len(text) < 40 and text.strip(" .") == match[0]


def _is_code(match: re.Match[str]) -> bool:
    return digits(match, 3) and not _PITCH.match(match.string, match.end())


def _certain(match: re.Match[str]) -> bool:
    """Whether the cue says that a number follows: "order no", "ticket #", "case id"."""
    return _CERTAIN.search(match[0][: match.start("v") - match.start()]) is not None


def _is_order(match: re.Match[str], enough: int = 5) -> bool:
    """A code with letters, so many digits, or any after "order no": "order 66" is none."""
    return _is_code(match) and (_certain(match) or digits(match, enough) or not value(match).isdigit())


def _is_reference(match: re.Match[str]) -> bool:
    """Yes to "ref AB12CD"; no to "ref 440" and "ref A440"."""
    code = value(match)
    return (_is_code(match) and _certain(match)) or (len(code) > 5 and digits(match, 2) and not code.isdigit())


def _is_bare_id(match: re.Match[str]) -> bool:
    """Yes to "id 48213"; no to "thread id 48213" and "id 3"."""
    if _MACHINES.search(match.string[max(0, match.start() - 12) : match.start()]):
        return False
    return _is_code(match) and (match["is"].strip() != "" or digits(match, 5))


def _is_id(match: re.Match[str]) -> bool:
    number = value(match)
    if number.isdigit() and not _certain(match):
        return len(number) > 3 and not _YEAR_OR_ROUND.fullmatch(number)
    return _is_code(match) and (len(number) > 7 or not match[0].lower().startswith("pan"))  # "pan: 100L" is stereo


def _is_split_code(match: re.Match[str]) -> bool:
    return _certain(match) and match["letters"].lower() not in ordinary_words()


def _any_of(words: str) -> str:
    return words.replace(" ", "|")


class NumberRecognizer(ChatRecognizer):
    """CREDIT_CARD, IBAN, SSN, ORDER_ID, ID and DOB."""

    patterns = (
        # cards (ISO/IEC 7812: 13-19 digits): with a right check digit, a cue, in fours, alone in a message, or partly hidden
        anchored(
            "CREDIT_CARD",
            r"(?<![\w.+-])\d(?:[ -]{0,2}\d){12,18}(?![\w-])",
            DIGITS,
            _is_card,
            score=0.95,
            least=13,
            shape="9(?:[ -]{0,2}9){12}",
        ),
        anchored(
            "CREDIT_CARD",
            r"(?<![\w.+-])\d{4}(?:[ ./_-]\d{4}){3}(?![\w-])",
            DIGITS,
            fours,
            score=0.95,
            least=16,
            shape="9999[ ./_-]9999",
        ),
        pattern(
            "CREDIT_CARD",
            r"(?<![\w-])(?:\d{4}[ -]?)?(?:[X*\u2022]{4}[ -]?){2,3}\d{4}(?!\w)",
            "x xxxx xxxxxxxx xxxxxxxxxxxx * \u2022",
            score=1.0,
            least=4,
        ),
        anchored(
            "CREDIT_CARD",
            r"\b(?:card|visa|mastercard|amex|debit|credit)\b[^\n\d]{0,20}\b(?:end(?:s|ing)?(?: in| with)?|last (?:4|four)(?: digits)?(?: are| is| of)?|no\.?|number(?: is)?)\s?:?\s?(?P<v>\d{3,4})(?![\w.])",
            "card visa mastercard amex debit credit",
            least=3,
        ),
        # accounts
        pattern(
            "IBAN",
            r"(?<!\w)(?:[A-Z]{2} ?\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?|[a-z]{2} ?\d{2}(?:[ -]?[a-z0-9]{4}){2,7}(?:[ -]?[a-z0-9]{1,3})?)(?!\w)",
            DIGITS,
            _is_iban,
            score=0.95,
            case=True,
            least=10,
            shape="99(?:(?:(?<=AA99)|(?<=AA 99))(?:[ -]?[A9]{4}){2}|(?:(?<=aa99)|(?<=aa 99))(?:[ -]?[a9]{4}){2})",
        ),
        anchored(
            "IBAN",
            rf"\biban{_IS}(?P<v>[A-Z]{{2}} ?\d{{2}}(?:[ -]?(?:\d|(?-i:[A-Z]))){{4,30}})(?![A-Z0-9])",
            "iban",
            score=1.0,
            least=2,
        ),
        anchored("ID", rf"\b(?:swift|bic){_IS}(?P<v>(?-i:[A-Z]{{6}}[A-Z0-9]{{2}}(?:[A-Z0-9]{{3}})?))\b", "swift bic"),
        # US social security numbers: 3-2-4, also misread or partly hidden; nine digits or the last four after a cue
        pattern(
            "SSN",
            r"[\dOolISB](?<![\w-].)[\dOolISB]{2}( ?- ?| )[\dOolISB]{2}\1[\dOolISB]{4}(?![\w-])",
            DIGITS,
            _is_ssn,
            case=True,
            score=0.95,
            least=4,
            hint=r"[ -][\dOolISB]{2}(?: |-| -)",
        ),
        anchored(
            "SSN",
            rf"{WORD}(?:ssn|ss|social(?: security)?){_IS}(?P<v>\d[\d .-]{{7,10}}\d|[\dX*]{{3}}[ -][\dX*]{{2}}[ -](?:[\dX]{{4}}))(?!\w)",
            "ssn ss social",
        ),
        anchored(
            "SSN",
            WORD
            + r"(?:ssn|social security|social(?= is\b| number|'s)|(?<=my )social)\b[^\n\d]{0,20}?(?:\b4\b[^\n\d]{1,20})?(?P<v>\d{4}|\d{9})(?![\w.]*\w)",
            "ssn social",
            least=4,
        ),
        pattern(
            "SSN",
            r"^\s?(?:(?:sure|yes|yeah|ok|okay|it is|it'?s|here|this is)[ ,:]{1,2}){0,3}(?P<v>\d{9})(?=[.\s]{0,2}$|,? and\b)",
            DIGITS,
            least=9,
            shape="999999999",
        ),
        # orders, invoices, tickets
        anchored("ORDER_ID", rf"{WORD}(?:{_any_of(_ORDER)})s?{_IS}{_CODE}", _ORDER, _is_order, least=3),
        anchored(
            "ORDER_ID",
            rf"{WORD}(?<!in )(?:{_any_of(_WEAK_ORDER)})s?{_IS}{_CODE}",
            _WEAK_ORDER,
            lambda m: _is_order(m, 7),
            least=3,
        ),
        anchored(
            "ORDER_ID",
            rf"\b(?:{_any_of(_ORDER)}|policy|insurance){_IS}(?P<v>(?P<letters>[A-Z]{{2,4}}) \d{{3,12}})(?!\w)",
            f"{_ORDER} policy insurance",
            _is_split_code,
            least=3,
        ),
        anchored(
            "ORDER_ID",
            r"\b(?:reference|ref)\s?(?:number|no\.?|id|code|#|:|=){0,2}\s?(?:is|:)?\s{0,2}" + _CODE,
            "reference ref",
            _is_reference,
            least=2,
        ),
        anchored(
            "ORDER_ID",
            r"(?<![\w-])(?:ORD|ORDER|INV|TKT|TICKET|CASE|REF|TXN|SUB|PO|RMA|MRN|CUST|ACC|ACCT|EMP|USR|REQ|INC|BK|PAY|CUS|PI|CH|REC|RECORD|RID|CLM|SUP|CS|HD|SR)[-_#]{1,2}(?=[A-Z]{0,30}[\d-])[A-Z0-9-]{3,40}(?!\w)",
            "ord order inv tkt ticket case ref txn sub po rma mrn cust acc acct emp usr req inc bk pay cus pi ch rec record rid clm sup cs hd sr",
            lambda m: digits(m, 3),
            score=0.95,
            least=3,
        ),
        pattern(
            "ORDER_ID",
            r"(?<![\w-])(?:(?:ORD|INV|INC|TKT|TXN|RITM|CUST|CLM|RMA)\d{4,12}|[A-Z]{2,6}-\d{6,10})(?![\w-])",
            DIGITS,
            case=True,
            least=4,
            chunk=7,
            shape="9999(?:(?<=A9999)|(?<=A-9999))",
        ),
        anchored(
            "ORDER_ID",
            r"(?<![\w&#])(?<!preset )(?<!patch )(?<!sample )#(?P<v>\d{4,8}-[A-Z0-9]{1,8}|\d{5}|\d{7,12})(?!\w)",
            "#",
            least=4,
        ),
        # papers and accounts after a cue
        anchored(
            "ID",
            rf"{WORD}(?:{_any_of(_ID)}|{_PAPERS}){_IS}(?P<v>(?:{_GROUPED})(?!\w|-\w)|{_PLAIN}(?!\w))",
            _ID
            + " license licence user userid users id registration ni medical social sin codice green visa plate case steuer steuerid iban driver drivers bank number",
            _is_id,
            least=3,
        ),
        anchored(
            "ID",
            r"\b(?:account|acct|routing)\b[^\n\d]{0,12}\bend(?:s|ing)(?: in| with)?\s[*xX.]{0,8}(?P<v>\d{3,4})(?!\w)",
            "account acct routing",
            least=3,
        ),
        anchored(
            "ID",
            WORD + r"(?:id|identifier|uid)\s?(?P<is>(?:number|no\.?|card|#)?\s?(?:is|:|=|#|\s))\s{0,2}" + _CODE,
            "id identifier uid",
            _is_bare_id,
            least=3,
        ),
        *SHAPES,
        anchored(
            "DOB",
            rf"{WORD}(?:dob|d\.o\.b\.?|(?:date|day)[ _]?of[ _]?birth|birth[ _]?(?:date|day)|born(?: on| in)?|b-?day|geburtsdatum|geb(?:oren)?(?: am)?)(?!\w)[^\n\d]{{0,20}}?(?P<v>{_DATE})(?!\w)",
            "dob d date day dateofbirth birth birthdate birthday born bday b geburtsdatum geb geboren",
            lambda m: not (m[0][:1] in "bB" and "day" in m[0].lower() and value(m).isdigit()),
            least=1,
        ),
    )
