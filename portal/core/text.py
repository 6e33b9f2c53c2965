"""Text as it is compared: one folding for search and sort on every database."""

import unicodedata


def fold(text: str) -> str:
    """`text` in lower case, without accents, with single spaces.

    SQLite folds ASCII only and PostgreSQL by its collation; folding here makes both find
    "müller" for "Muller". Letters that do not decompose (ß becomes ss, ø stays) follow Unicode.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(plain.split())


# A spreadsheet runs a cell that starts like this. An apostrophe makes it text.
FORMULA_STARTS = "=+-@\t\r\n"


def safe_text(value: object) -> str:
    """`value` as a cell that no spreadsheet runs."""
    text = str(value)
    return f"'{text}" if text.startswith(tuple(FORMULA_STARTS)) else text
