"""Contract §4.2, §5.2: how the vendor writes ids, dates and prices."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from customers.rules.values import BadValue, code_of, date_of, price_of


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2/1/2023 12:00:00 AM", datetime(2023, 2, 1, tzinfo=UTC)),
        ("2/1/2023 12:30 PM", datetime(2023, 2, 1, 12, 30, tzinfo=UTC)),
        ("11/30/9999 11:59:59 PM", datetime(9999, 11, 30, 23, 59, 59, tzinfo=UTC)),
        ("11/30/9999", datetime(9999, 11, 30, tzinfo=UTC)),
        ("1/1/1753", datetime(1753, 1, 1, tzinfo=UTC)),
        ("2024-05-01T00:00:00.0000000Z", datetime(2024, 5, 1, tzinfo=UTC)),
        ("9999-11-30T23:59:59.9999999Z", datetime(9999, 11, 30, 23, 59, 59, 999999, tzinfo=UTC)),
        ("1753-01-01T00:00:00", datetime(1753, 1, 1, tzinfo=UTC)),
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC)),
        ("2024-05-01T02:00:00+02:00", datetime(2024, 5, 1, tzinfo=UTC)),
        (" 2024-05-01 10:00 ", datetime(2024, 5, 1, 10, tzinfo=UTC)),
    ],
)
def test_both_ways_to_write_a_date(text, moment):
    assert date_of("EffectiveStartDate", text) == moment


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("soon", "is no date such as"),
        ("13/1/2026", "does not exist"),
        ("2/30/2026", "does not exist"),
        ("2026-02-30T00:00:00Z", "does not exist"),
        ("1/1/2026 13:00:00 PM", "does not exist"),
        ("0000-01-01", "does not exist"),
        ("0001-01-01T00:00:00+02:00", "does not exist"),
        ("1.11.2026", "is no date such as"),
    ],
)
def test_what_is_no_date(text, sentence):
    with pytest.raises(BadValue, match=sentence):
        date_of("EffectiveStartDate", text)


@pytest.mark.parametrize(
    ("text", "price"),
    [("264", "264"), (" 264.00 ", "264.00"), ("0", "0"), ("0.000001", "0.000001"), ("1E-05", "0.000010"),
     ("2.5e2", "250.000000"), ("1.5000000000", "1.500000"), ("-0", "0.000000"), ("999999999999.999999",) * 2],
)  # fmt: skip
def test_prices(text, price):
    assert price_of("UnitPrice", text) == price


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "UnitPrice is empty"),
        ("free", "not a number"),
        ("NaN", "not a number"),
        ("1,234.50", "not a number"),
        ("221,76", "not a number"),
        ("1_000", "not a number"),
        ("٣", "not a number"),
        ("-0.01", "negative"),
        ("1000000000000", "too large"),
        ("9e99", "too large"),
        ("0.0000001", "more than 6 decimals"),
    ],
)
def test_what_is_no_price(text, sentence):
    with pytest.raises(BadValue, match=sentence):
        price_of("UnitPrice", text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("CFQ7TTC0LCHC", "CFQ7TTC0LCHC", id="§4.2 as it is written"),
        pytest.param(" cfq7ttc0lchc ", "CFQ7TTC0LCHC", id="small letters, blanks"),
        pytest.param("CFQ7TTC0LCH", None, id="§4.2 one too few"),
        pytest.param("CFQ7TTC0LCHC:0002", None, id="§4.2 with its SKU"),
        pytest.param("CFQ7TTC0LCH٣", None, id="another alphabet's digit"),
        pytest.param("", None, id="empty"),
    ],
)
def test_ids(text: str, code: str | None) -> None:
    if code is not None:
        assert code_of("ProductId", text, "12", r"[A-Z0-9]{12}") == code
        return
    with pytest.raises(BadValue, match="ProductId '.*' is not 12 letters and digits"):
        code_of("ProductId", text, "12", r"[A-Z0-9]{12}")
