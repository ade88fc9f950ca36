"""Cards, accounts, papers, orders and dates of birth, most from the issuers' own examples."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from privacy_analytics.scrub.recognizers import ChatRecognizer
from privacy_analytics.scrub.recognizers.checks import dni, iban, luhn
from privacy_analytics.scrub.recognizers.numbers import NumberRecognizer

Mask = Callable[[ChatRecognizer, str], str]
NUMBERS = NumberRecognizer()

FOUND = {
    "CREDIT_CARD": r"""
«4111 1111 1111 1111»
«4111-1111-1111-1111»
«4111111111111111»
«4111  1111  1111  1111»
«4111.1111.1111.1111»
«41111111 11111111»
«3782 822463 10005»
«5500 0000 0000 0004»
card «4111 1111 1111 1112»
visa ending in «4242»
card ending «1111»
my card ends with «4242»
«XXXX-XXXX-XXXX-8035»
«**** **** **** 1234»
«4111 **** **** 1111»
«4111/1111/1111/1111»
«4111_1111_1111_1111»
«6011 0009 9013 9424»
cc: «4111111111111112»
card number=«4111111111111112»
"card": "«4111111111111111»"
«1234567890123456»
my card is «123456789012345»
mastercard no «5555-5555-5555-4445»
""",
    "IBAN": r"""
«DE89 3704 0044 0532 0130 00»
«de89 3704 0044 0532 0130 00»
«de89370400440532013000»
«DE89-3704-0044-0532-0130-00»
«GB82 WEST 1234 5698 7654 32»
«gb82 west 1234 5698 7654 32»
«FR14 2004 1010 0505 0001 3M02 606»
iban: «NL91ABNA0417164300»
iban is «NL92ABNA0417164300»
my iban «CH93 0076 2011 6238 5295 7»
«DE 89 3704 0044 0532 0130 00»
IBAN=«ES9121000418450200051332»
""",
    "SSN": r"""
«078-05-1120»
«078-O5-112O»
«O78-05-1l20»
«078 05 1120»
ssn «078051120»
SSN: «078.05.1120»
social security number is «078 05 1120»
my social is «078051120»
last four of my social «1120»
last 4 of ssn is «1120»
SSN «912-XX-XXXX»
SSN «XXX-XX-1120»
ssn ending in «1120»
«078051120»
social security no. «078-05-1120»
"ssn": "«078-05-1120»"
ssn=«078051120»
«O78-O5-ll2O»
«078 - 05 - 1120»
SSN: «O78 05 1120»
ss# «078-05-1120»
""",
    "ORDER_ID": r"""
order «A-4821-X»
order #«48213»
order no «48213»
order number: «48213»
order number is «48213-B»
invoice «2024-0042»
invoice no. «RE-2024-0042»
«INV-2024-0042»
«ORD-48213»
«ORD48213»
ticket id «48213»
case «00482133»
case id: «C-4821»
booking confirmation «KYF176»
confirmation number is «yrt632»
ref «AB12CD»
reference: «AB12-993»
my ref number «4821-33»
tracking number «1Z999AA10123456784»
tracking «1Z999AA10123456784»
transaction «TXN_8842193»
txn id «8842193»
transaction id: «9f3ac188»
paypal transaction «8AB12345CD678901E»
claim number «skl 325»
claim id «CLM-99123»
order id «402-1234567-1234567»
my order was «48213»
order nr. «4821-33»
receipt «R-99120»
receipt number: «99120»
subscription id «sub_1Nabc234XYZ»
subscription «sub-99120»
RMA# «4821»
«PO-48213»
bestellnummer «48213»
I bought it, order id is «48213»
case number «INC0012345»
«INC0012345»
jira «SUP-4821»
ticket «SUP-4821»
record «REC-4821-AB»
«RECORD_4821»
record id «RID-48213»
record_id=«48213»
"order_id": "«48213»"
order_id=«48213»
ticketId: «48213»
request id «req_8a7b6c5d»
cart id «99120»
invoice#«99120»
invoice_number=«99120»
""",
    "ID": r"""
passport «C01X00T47»
passport no. «C01X00T47»
passport number is «533380006»
student id «s1234567»
matriculation number «1234567»
aadhaar «1234 5678 9012»
aadhaar number is «234567890123»
aadhar card no. «2345 6789 0123»
«2345 6789 0123»
pan card «ABCDE1234F»
pan «abcde1234f»
«ABCDE1234F»
nif «12345678Z»
«12345678Z»
dni «12345678-Z»
«X1234567L»
nie «X-1234567-L»
nino «QQ 12 34 56 C»
«QQ123456C»
ni number «QQ123456C»
national insurance number is «QQ 12 34 56 C»
nhs number «943 476 5919»
codice fiscale «RSSMRA85T10A562S»
«RSSMRA85T10A562S»
cpf «123.456.789-09»
«123.456.789-09»
«12.345.678/0001-95»
cnpj «12.345.678/0001-95»
tax id «XXX41-T07-XXXX»
tax id: «12-3456789»
ein «12-3456789»
vat «DE123456789»
vat id «GB 123 4567 82»
steuer-id «12 345 678 901»
steuernummer «12/345/67890»
account number «90817263Q»
account number is «8472 1193 22»
account «12435678»
account no: «00123456»
acct «123685217896»
acct # «00123456»
acc no «3648»
bank account «00123456789»
account ending «4521»
routing «011401533»
routing number: «011401533»
sort code «20-00-00»
sort code: «200000»
ifsc «HDFC0001234»
voter id «ABC1234567»
driver license «D1234567»
driver's license number «F255-9215-0094»
driver license id «314-159-265»
drivers licence no «MORGA753116SM9IJ»
license number is «D123-4567-8901»
employee id «E-4821»
employee id number «56789-TRIBAL»
emp no. «48213»
badge number «48213»
member id «M4821-99»
membership no. «882134»
customer id «C-99120»
customer number «99120»
client id «99120421»
patient id «70213K»
Patient ID «70213K»
mrn «482133»
policy no «POL-99123-A»
insurance id «WXH-883-221»
medicare «1EG4-TE5-MK73»
medicare number «1EG4TE5MK73»
account id «9999 8888 7777»
visitor identification number «605118237-KLM»
identification number «987654321»
personal number «19900303-1234»
personnummer «900303-1234»
id number: «99120421»
id card «T220001293»
user id «99120»
user id: «7f3a9»
uid «99120»
user_id=«99120»
userId: «99120»
"user_id": «99120»
cust id «99120»
student number «20231234»
social insurance number «046 454 286»
sin «046-454-286»
medical record «482133»
health card «1234-567-890-AB»
visa number «AB1234567»
plate «ABC-1234»
license plate «B-XY 1234»
vin «1HGCM82633A004352»
green card «A123456789»
crypto wallet «0x52908400098527886E0F7030069857D2E4169EE7»
btc «1BoatSLRHtKNngkdXEeobR76b53LETtpyT»
«bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq»
""",
    "DOB": r"""
born «1990-03-03»
born on «3 March 1990»
born «3rd of march 1990»
born in «1990»
dob «03/03/1990»
dob: «03.03.90»
d.o.b. «3/3/90»
date of birth: «March 3, 1990»
date of birth is «1990/03/03»
birthday is «march 3»
my bday «03/03»
my birthday's «3rd march»
birthday on the «3rd of march»
dob «19900303»
"dob": "«1990-03-03»"
birth_date=«1990-03-03»
birthdate: «03-Mar-1990»
dateOfBirth: «1990-03-03»
born «March 1990»
geboren am «3.3.1990»
geb. «03.03.1990»
born on the «3rd of March, 1990»
DOB «3 Mar 90»
date of birth (dd/mm/yyyy): «03/03/1990»
""",
}

LEFT = r"""
order 66 | order the tracks | in case 48000 is better | request 48000 | ref 440 | reference A440
ticket price 20 | #1 hit | issue #2 | #ff8800 | #482133 | thread id 123456 | build 20231104
1700650800123 | 20231121123456 | 100 200 300 400 500 600 | 440 880 1760 3520 | 1998 2001 2005 2010
1000 2000 4000 8000 | memory 17179869184 | 32 64 128 256 512 1024
born to run | happy birthday in c | account is locked | user preset 12 | pan 50 left | pan hard right
insurance | tax
"""


def test_what_is_marked_is_masked_and_nothing_else(found: tuple[str, str], mask: Mask) -> None:
    kind, line = found
    assert mask(NUMBERS, line.replace("«", "").replace("»", "")) == re.sub("«.*?»", f"<{kind}>", line)


def test_gear_talk_is_left_alone(left: str, mask: Mask) -> None:
    assert mask(NUMBERS, left) == left


def test_check_digits() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
    assert iban("DE89370400440532013000")
    assert not iban("DE88370400440532013000")
    assert dni("12345678Z")
    assert dni("X1234567L")
    assert not dni("12345678A")


@pytest.mark.parametrize(
    ("text", "kind"), [("123456789", "SSN"), ("sure it is 123456789", "SSN"), ("1234567890123", "CREDIT_CARD")]
)
def test_a_number_that_is_the_whole_answer_is_somebodys(text: str, kind: str, mask: Mask) -> None:
    assert mask(NUMBERS, text).endswith(f"<{kind}>")
