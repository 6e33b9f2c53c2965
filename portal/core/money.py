"""Money arithmetic: Decimal only, rounded once. Plain Python, no Django."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
SYMBOLS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "KRW": "₩",
    "BRL": "R$",
    "CAD": "CA$",
    "AUD": "A$",
    "NZD": "NZ$",
    "CHF": "CHF ",
    "SEK": "SEK ",
    "NOK": "NOK ",
    "DKK": "DKK ",
    "TWD": "NT$",
    "CNY": "CN¥",
}


def rounded(amount: Decimal) -> Decimal:
    """Half up to two decimals, as invoices do."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def rounded_down(amount: Decimal) -> Decimal:
    """Toward zero to two decimals: the prorated unit price of a reconciliation line."""
    return amount.quantize(CENT, rounding=ROUND_DOWN)


@dataclass(frozen=True, order=True)
class Money:
    """An amount in one currency. Amounts of two currencies are never added."""

    amount: Decimal
    currency: str

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be combined")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, times: int | Decimal) -> Money:
        return Money(self.amount * times, self.currency)

    def rounded(self) -> Money:
        return Money(rounded(self.amount), self.currency)

    def __str__(self) -> str:
        amount = rounded(self.amount)
        sign = "−" if amount < 0 else ""
        symbol = SYMBOLS.get(self.currency, f"{self.currency} ")
        return f"{sign}{symbol}{abs(amount):,.2f}"
