"""Contract §12.2: e-mail and phone before the ticket is made."""

from __future__ import annotations

import pytest

from customers.rules.contact import decide


@pytest.mark.parametrize(
    ("email", "phone", "country", "kept", "failed"),
    [
        ("mara@contoso.com", "+49 30 5550 0142", "US", ("mara@contoso.com", "+49 30 55500142"), []),
        (" Mara.Konig@CONTOSO.com ", "030 55500142", "DE", ("Mara.Konig@contoso.com", "+49 30 55500142"), []),
        ("müller@bücher.de", "(202) 555-0142", "us", ("müller@bücher.de", "+1 202-555-0142"), []),
        ("mara@contoso.com", "+1 425 555 0100 ext 12", "DE", ("mara@contoso.com", "+1 425-555-0100 ext. 12"), []),
        ("", "", "US", ("", ""), ["email", "phone"]),
        ("mara", "12", "US", ("", ""), ["email", "phone"]),
        ("mara@localhost", "+49 30 5550 0142", "US", ("", "+49 30 55500142"), ["email"]),
        ("mara@contoso.com\nBcc: all@contoso.com", "abc", "US", ("", ""), ["email", "phone"]),
        ("Mara <mara@contoso.com>", "+999 12345678", "US", ("", ""), ["email", "phone"]),
        ("mara@contoso.com", "030 55500142", "", ("mara@contoso.com", ""), ["phone"]),
        ("a" * 300 + "@contoso.com", "+1 425 555 0100", "US", ("", "+1 425-555-0100"), ["email"]),
    ],
)
def test_both_are_checked_and_normalized(
    email: str, phone: str, country: str, kept: tuple[str, str], failed: list[str]
) -> None:
    found = decide(email=email, phone=phone, country=country)
    assert (found.email, found.phone) == kept
    assert [check.code for check in found.failed] == failed
    assert [check.code for check in found.checks] == ["email", "phone"]
    assert found.allowed == (not failed)
    assert all(check.rule and check.message for check in found.checks)
