"""Values as the vendor's files and answers write them: ids, texts, prices, dates.

Source: Microsoft Learn, "Get a price sheet", with the two date formats of real files (contract §4.2, §5.2). Checked
2026-11-23. Dates are UTC; a date that names an offset is moved to UTC; digits beyond a microsecond are cut.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal


class BadValue(ValueError):
    """A value that cannot be used. The message is one sentence for the person who sent the file."""


_PLAIN_PRICE = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,2})?", re.ASCII)
_US_DATE = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"
    r"(?: (?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: (?P<half>[AaPp])[Mm])?)?",
    re.ASCII,
)
_ISO_DATE = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?)?"
    r"(?P<offset>[Zz]|[+-]\d\d:?\d\d)?",
    re.ASCII,
)


def short(text: str, longest: int = 40) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def code_of(column: str, text: str, length: str, pattern: str) -> str:
    code = text.strip().upper()
    if not re.fullmatch(pattern, code):
        kind = "letters and digits" if "0-9" in pattern else "letters"
        raise BadValue(f"{column} {short(text)!r} is not {length} {kind}.")
    return code


def text_of(column: str, text: str, longest: int) -> str:
    plain = " ".join(text.split())
    if len(plain) > longest:
        raise BadValue(f"{column} is longer than {longest} characters.")
    return plain


def price_of(column: str, text: str) -> str:
    """The price as plain decimal digits. Raises BadValue."""
    text = text.strip()
    if _PLAIN_PRICE.fullmatch(text):
        return text
    if not _NUMBER.fullmatch(text):
        raise BadValue(f"{column} is empty." if not text else f"{column} {short(text)!r} is not a number.")
    value = Decimal(text)
    if value < 0:
        raise BadValue(f"{column} {short(text)!r} is negative.")
    if value >= 10**12:
        raise BadValue(f"{column} {short(text)!r} is too large.")
    if value != (plain := round(value, 6)):
        raise BadValue(f"{column} {short(text)!r} has more than 6 decimals.")
    return f"{abs(plain):f}"


def date_of(column: str, text: str) -> datetime:
    """`2/1/2023 12:00:00 AM` (month first) or `2024-05-01T00:00:00.0000000Z`, in UTC. Raises BadValue."""
    text = text.strip()
    found = _ISO_DATE.fullmatch(text) or _US_DATE.fullmatch(text)
    if not found:
        raise BadValue(
            f"{column} is empty."
            if not text
            else f"{column} {short(text)!r} is no date such as 11/1/2026 or 2026-11-01."
        )
    part = found.groupdict()
    hour = int(part["hour"] or 0)
    try:
        if half := part.get("half"):
            if not 1 <= hour <= 12:
                raise ValueError
            hour = hour % 12 + (12 if half in "Pp" else 0)
        microsecond = int((part.get("fraction") or "0").ljust(6, "0")[:6])
        moment = datetime(
            int(part["year"]), int(part["month"]), int(part["day"]), hour,
            int(part["minute"] or 0), int(part["second"] or 0), microsecond, tzinfo=UTC,
        )  # fmt: skip
        return moment - _offset(part.get("offset") or "Z")
    except (ValueError, OverflowError):
        raise BadValue(f"{column} {short(text)!r} is a day or time that does not exist.") from None


def _offset(text: str) -> timedelta:
    if text in "Zz":
        return timedelta()
    digits = text[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if text[0] == "-" else size
