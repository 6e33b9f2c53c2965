"""Can a person be reached by this e-mail address and this phone number?

Source, checked 2026-11-23 (contract §12.2):
https://learn.microsoft.com/en-us/partner-center/ai-assistant-customers-workspace

A ticket needs both before it is made. The address is one that mail can be sent to by its form; no name server is asked.
The number is one that the numbering plan of its country has. Without a country code it is read as one of the
partner's country. What is stored is the normalized form of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat

from portal.core.decision import Check, Decision, Rule

RULE = Rule(
    code="contact",
    title="Contact of a support request",
    source="https://learn.microsoft.com/en-us/partner-center/ai-assistant-customers-workspace",
    section="§12.2",
    checked_on=date(2026, 11, 23),
)
LONGEST_EMAIL, LONGEST_PHONE = 254, 40


@dataclass(frozen=True, kw_only=True)
class Contact(Decision):
    """Allowed means: both can be used. `email` and `phone` are normalized, empty where they cannot."""

    email: str
    phone: str


def decide(*, email: str, phone: str, country: str) -> Contact:
    """`country` is the ISO code that a number without a country code belongs to."""
    address, about_email = _email(email.strip())
    number, about_phone = _phone(phone.strip(), country.upper())
    checks = (about_email, about_phone)
    failed = [check.message for check in checks if not check.passed]
    verdict = " ".join(failed) or f"Reachable at {address} and {number}."
    return Contact(verdict=verdict, checks=checks, rule=RULE, email=address, phone=number)


def _email(typed: str) -> tuple[str, Check]:
    if not typed:
        return "", _check("email", False, "Enter an e-mail address.", "an e-mail address", "nothing")
    try:
        address = validate_email(typed, check_deliverability=False).normalized
    except EmailNotValidError:
        address = ""
    if not address or len(address) > LONGEST_EMAIL:
        no = "This is not a complete e-mail address, like mara@contoso.com."
        return "", _check("email", False, no, "an e-mail address", typed[:80])
    return address, _check("email", True, f"{address} is an e-mail address.", "an e-mail address", address)


def _phone(typed: str, country: str) -> tuple[str, Check]:
    expected = "a phone number"
    if not typed:
        return "", _check("phone", False, "Enter a phone number.", expected, "nothing")
    try:
        number = phonenumbers.parse(typed, country or None)
    except NumberParseException as error:
        no = "This is not a phone number. Write it with its country code, like +1 425 555 0100."
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            no = "No country has this code. Write the number with its country code, like +1 425 555 0100."
        return "", _check("phone", False, no, expected, typed[:80])
    words = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    if not phonenumbers.is_valid_number(number) or len(words) > LONGEST_PHONE:
        no = f"{words[:LONGEST_PHONE]} is no number that exists. Write it with its country code, like +1 425 555 0100."
        return "", _check("phone", False, no, expected, words[:80])
    return words, _check("phone", True, f"{words} is a phone number.", expected, words)


def _check(code: str, passed: bool, message: str, expected: str, found: str) -> Check:
    return Check(code=code, passed=passed, message=message, expected=expected, found=found, rule=RULE)
