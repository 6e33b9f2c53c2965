"""Contract §4.2: ids in a text; and short names."""

from __future__ import annotations

import pytest

from customers.rules.product_names import meaning, plain, reference_in

REFERENCES = [
    pytest.param("CFQ7TTC0LCHC:0002", ("CFQ7TTC0LCHC", "0002"), id="reference"),
    pytest.param("CFQ7TTC0LCHC:0002:CFQ7TTC0X6RN", ("CFQ7TTC0LCHC", "0002"), id="with the availability"),
    pytest.param("CFQ7TTC0LCHC/2", ("CFQ7TTC0LCHC", "0002"), id="slash, without zeros"),
    pytest.param("cfq7ttc0lchc:001q", ("CFQ7TTC0LCHC", "001Q"), id="lower case"),
    pytest.param("product CFQ7TTC0LCHC, sku 0002 for Fabrikam", ("CFQ7TTC0LCHC", "0002"), id="in a sentence"),
    pytest.param("CFQ7TTC0LCHC sku id 2", ("CFQ7TTC0LCHC", "0002"), id="sku id"),
    pytest.param("CFQ7TTC0LCHC 0002", ("CFQ7TTC0LCHC", "0002"), id="blank between, with zeros"),
    pytest.param("CFQ7TTC0LCHC", ("CFQ7TTC0LCHC", ""), id="product alone"),
    pytest.param("CFQ7TTC0LCHC 25 licenses", ("CFQ7TTC0LCHC", ""), id="a quantity is no SKU"),
    pytest.param("CFQ7TTC0LCHC for Fabrikam", ("CFQ7TTC0LCHC", ""), id="a word is no SKU"),
    pytest.param("Business Premium", None, id="a name"),
    pytest.param("subscription", None, id="twelve letters are no id"),
    pytest.param("123456789012", None, id="twelve digits are no id"),
    pytest.param("XCFQ7TTC0LCHC", None, id="thirteen characters"),
    pytest.param("", None, id="nothing"),
]


@pytest.mark.parametrize(("text", "found"), REFERENCES)
def test_reference(text: str, found: tuple[str, str] | None) -> None:
    assert reference_in(text) == found


MEANINGS = [
    pytest.param("bp", "microsoft 365 business premium", id="BP"),
    pytest.param("m365 bp", "microsoft 365 business premium", id="M365 BP"),
    pytest.param("business std", "microsoft 365 business standard", id="Business Std"),
    pytest.param("ms 365 biz prem", "microsoft 365 business premium", id="every word short"),
    pytest.param("e3", "e3", id="E3 stays: several products are called so"),
    pytest.param("co-pilot business", "microsoft 365 copilot business", id="co-pilot"),
    pytest.param("exchange online (plan 1)", "exchange online plan 1", id="punctuation goes"),
    pytest.param("business premium and copilot", "business premium and copilot", id="names stand for whole texts only"),
]


@pytest.mark.parametrize(("text", "meant"), MEANINGS)
def test_meaning(text: str, meant: str) -> None:
    assert meaning(text) == meant


def test_plain() -> None:
    assert plain("microsoft 365 e3 (no teams) – müller") == "microsoft 365 e3 no teams müller"
