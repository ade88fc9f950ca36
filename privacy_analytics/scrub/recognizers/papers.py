"""Numbers of papers and wallets that show by their own shape what they are."""

from __future__ import annotations

from privacy_analytics.scrub.recognizers.base import DIGITS, anchored, digits, pattern
from privacy_analytics.scrub.recognizers.checks import dni, fours

SHAPES = (
    # Indian PAN and IFSC, Aadhaar, Spanish DNI and NIE, British NINO and Italian codice fiscale, Brazilian CPF and CNPJ
    pattern(
        "ID",
        r"(?<![\w-])(?:[A-Z]{5}\d{4}[A-Z]|[A-Z]{4}0[A-Z0-9]{2}\d{4})(?![\w-])",
        DIGITS,
        case=True,
        least=4,
        chunk=10,
        shape="AAAA9",
    ),
    anchored(
        "ID",
        r"(?<![\w.-])[2-9]\d{3} \d{4} \d{4}(?![\w.-]| \d)",
        DIGITS,
        fours,
        least=12,
        shape="9999 9999 9999",
    ),
    pattern(
        "ID",
        r"(?<![\w-])(?:\d{8}|[XYZ]-?\d{7})-?[A-Z](?![\w-])",
        DIGITS,
        lambda m: dni(m[0].replace("-", "")),
        case=True,
        least=7,
        chunk=9,
        shape="9999999-?A",
    ),
    pattern(
        "ID",
        r"(?<![\w-])(?:[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]|[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z])(?![\w-])",
        DIGITS,
        case=True,
        least=6,
        shape="99(?: ?99 ?99 ?A|A99A999A)",
    ),
    pattern(
        "ID",
        r"(?<![\w.])(?:\d{3}\.\d{3}\.\d{3}-\d{2}|\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2})(?!\w)",
        ".",
        least=11,
        chunk=14,
        shape=r"\.999[-/]",
    ),
    # wallets of Bitcoin (BIP 173, base58) and Ethereum
    pattern(
        "ID",
        r"(?<!\w)(?:0x[0-9a-fA-F]{40}|bc1[a-z0-9]{25,60}|[13](?=[a-zA-Z0-9]{0,10}[a-z])[1-9A-HJ-NP-Za-km-z]{25,34})(?!\w)",
        DIGITS,
        lambda m: digits(m, 3),
        case=True,
        least=3,
        chunk=26,
    ),
)
