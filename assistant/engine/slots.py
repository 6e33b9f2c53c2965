"""What a sentence says besides its intent: ids, quantities, terms, cycles and names, as the person wrote them.

Order matters and is the whole trick: what has a shape (ids, references, numbers with a unit) is taken out
first; names are what is left between the words that every question uses (engine/names.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NUMBER_WORDS = {
    "one": 1, "a": 1, "an": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "dozen": 12, "twelve": 12, "twenty": 20, "thirty": 30, "thirty-six": 36,
    "fifty": 50, "hundred": 100,
}  # fmt: skip
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d{1,7}|" + "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True)) + r")"
_SEATS = r"(?:seat|licen[cs]e|user|unit|people|person|employee|cop(?:y|ie)|subscriber|mailbox(?:e)?)s?"
_MONTHLY, _YEARLY, _THREE = r"monthly", r"(?:annual(?:ly)?|yearly)", r"(?:triennial(?:ly)?|three-yearly)"
_FREQUENCY = rf"(?:{_MONTHLY}|{_YEARLY}|{_THREE}|(?:per|by the|each|every) (?:month|year|(?:3|three) years))"
TERM_OF_MONTHS = {1: "P1M", 12: "P1Y", 36: "P3Y"}


@dataclass
class Heard:
    """What was found in one sentence. `rest` is the sentence with every find replaced by a mark like <id>."""

    text: str
    rest: str
    values: dict[str, Any] = field(default_factory=dict)
    guids: list[tuple[str, str]] = field(default_factory=list)  # (the id, the words before it)

    def take(self, pattern: str, mark: str, use: Callable[[re.Match[str]], bool | None]) -> None:
        """Replace each match that `use` accepts (anything but False) by ` <mark> `."""

        def swap(found: re.Match[str]) -> str:
            return found.group(0) if use(found) is False else f" <{mark}> "

        self.rest = re.sub(pattern, swap, self.rest, flags=re.IGNORECASE)

    def put(self, name: str, value: Any) -> bool:
        """Keep the first value said for a slot."""
        self.values.setdefault(name, value)
        return True


def extract(text: str) -> Heard:
    """Everything of a known shape in `text` (already cleaned)."""
    # Angle brackets are the marks of this module: typed ones would be taken for finds.
    rest = re.sub(r"[<>]", " ", text)
    # An example keeps its brackets and asterisks when only the words in them are replaced: **[34b37d7340cc]**.
    heard = Heard(text=text, rest=re.sub(r"[*\[]+([\w:-]+)[*\]]+", r"\1", rest))
    _ids(heard)
    _terms_and_cycles(heard)
    _quantities(heard)
    heard.rest = " ".join(heard.rest.split())
    return heard


def _ids(heard: Heard) -> None:
    def guid(found: re.Match[str]) -> None:
        before = re.sub(r"<guid>|[\"'\[\]*]", " ", heard.rest[: found.start()])
        heard.guids.append((found.group(0), " ".join(before.split())[-90:].casefold()))

    for found in re.finditer(rf"\b{GUID}\b", heard.rest, re.IGNORECASE):
        guid(found)
    heard.rest = re.sub(rf"[\[*\"']*\b{GUID}\b[\]*\"']*", " <guid> ", heard.rest, flags=re.IGNORECASE)

    def reference(found: re.Match[str]) -> bool:
        heard.put("sku", found.group(2).upper())
        return heard.put("product", found.group(1).upper())

    heard.take(r"\b([A-Z0-9]{12}):([A-Z0-9]{4})(?::[A-Z0-9]{12})?\b", "ref", reference)
    heard.take(
        r"\b(order)\s*(?:we placed,?\s*|i placed,?\s*)?(?:id|number|no\.?|#)?\s*[:#]?\s*"
        r"((?=[\w-]*\d)[A-Za-z0-9][\w-]{3,39})\b(?!\s*(?:seat|licen))", "order",
        lambda m: heard.put("order", m.group(2)),
    )  # fmt: skip
    if re.search(r"\border\b", heard.rest, re.IGNORECASE) and "order" not in heard.values:
        heard.take(
            r"\b(?:number|no\.?|id)\s*[:#]?\s*((?=[\w-]*\d)[A-Za-z0-9][\w-]{3,39})\b", "order",
            lambda m: heard.put("order", m.group(1)),
        )  # fmt: skip
    heard.take(
        r"\b(?:product(?:\s+id)?[:\s]+)?((?=[A-Z0-9]*\d)[A-Z0-9]{12})\b(?!:)", "ref",
        lambda m: heard.put("product", m.group(1).upper()),
    )  # fmt: skip
    heard.take(
        r"\bsku(?:\s*(?:id|number|no\.?))?[:\s]+\[?((?=[A-Z0-9]*\d)[A-Z0-9]{1,4})\]?\b", "ref",
        lambda m: heard.put("sku", m.group(1).upper().rjust(4, "0")),
    )  # fmt: skip
    heard.take(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b", "email", lambda m: heard.put("email", m.group(0)))
    heard.take(
        r"\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,15}\b(?!')", "domain",
        lambda m: False if m.group(0)[0].isupper() and " " in m.group(0) else heard.put("domain", m.group(0)),
    )  # fmt: skip
    heard.take(
        r"\bline(?:\s+item)?\s*(?:no\.?|number|#)?\s*(\d{1,3})\b", "line", lambda m: heard.put("line", int(m.group(1)))
    )
    heard.take(
        r"\b(first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th)\s+line\b",
        "line",
        lambda m: heard.put("line", _ordinal(m.group(1))),
    )


def _ordinal(word: str) -> int:
    if word[0].isdigit():
        return int(word[0])
    return ["first", "second", "third", "fourth", "fifth"].index(word.casefold()) + 1


def _number(word: str) -> int:
    word = word.casefold().replace(",", "")
    return _NUMBER_WORDS[word] if word in _NUMBER_WORDS else int(word)


def _cycle(words: str) -> str:
    words = words.casefold()
    if re.search(r"trienn|three|3", words):
        return "triennial"
    return "monthly" if "month" in words else "annual"


def _term(words: str) -> str:
    words = words.casefold()
    if re.search(r"trienn|three|3", words):
        return "P3Y"
    return "P1M" if "month" in words else "P1Y"


def _terms_and_cycles(heard: Heard) -> None:
    """Terms and cycles: "annual, billed monthly" is P1Y and monthly; "upfront" is annual billing; what is left is the term."""
    heard.take(
        r"\bP(1M|1Y|3Y)\b(?:\s*term\s*duration)?",
        "term",
        lambda m: heard.put("term_duration", "P" + m.group(1).upper()),
    )
    heard.take(r"\bmonth[- ]to[- ]month\b", "term", lambda m: heard.put("term_duration", "P1M"))
    cycle = r"(?:bill(?:ed|ing)?|paid|pay(?:s|ing|ment)?|payable|charged|invoiced|billing\s*(?:cycle|plan|frequency))"
    heard.take(
        rf"\b{cycle}(?:\s+(?:is|of|it|them))?[:\s]+({_FREQUENCY})\b(?:\s+(?:billing|plan))?", "cycle",
        lambda m: heard.put("billing_cycle", _cycle(m.group(1))),
    )  # fmt: skip
    heard.take(
        rf"\b({_FREQUENCY})[\s-]+(?:billing\s*(?:cycle|plan|frequency)?|billed|paid|payments?|plan(?!\s*\d)|invoic\w+)\b",
        "cycle", lambda m: heard.put("billing_cycle", _cycle(m.group(1))),
    )  # fmt: skip
    heard.take(
        r"\b(?:paid |billed |pay(?:ing)? )?(?:all )?(?:up[- ]?front|in advance|prepaid)(?: billing| payment)?\b",
        "cycle",
        lambda m: heard.put("billing_cycle", "annual"),
    )

    def span(found: re.Match[str]) -> bool:
        months = _number(found.group(1)) * (12 if found.group(2).casefold().startswith("y") else 1)
        return heard.put("term_duration", TERM_OF_MONTHS[months]) if months in TERM_OF_MONTHS else False

    unit = r"(month|year|yr)s?\b(?!\s*(?:ago|from now|old))"
    heard.take(
        rf"(?<!last )(?<!next )(?<!in )(?<!past )\b({_NUMBER})[\s-]+{unit}(?:[\s-]*(?:long|term\s*duration|term|commitment|contract|duration))?", "term", span,
    )  # fmt: skip
    heard.take(
        rf"\b({_MONTHLY}|{_YEARLY}|{_THREE})[\s-]+(?:term\s*duration|term|commitment|contract|duration|subscription term)\b",
        "term", lambda m: heard.put("term_duration", _term(m.group(1))),
    )  # fmt: skip
    _bare_frequencies(heard)


def _bare_frequencies(heard: Heard) -> None:
    """A frequency without a word that says what it is: the term first, then the cycle ("25 annual", "P1Y monthly")."""
    # "the monthly and yearly price" asks for both, it names neither.
    heard.take(
        rf"\b{_MONTHLY}\s+(?:and|or|vs\.?|versus)\s+{_YEARLY}\b|\b{_YEARLY}\s+(?:and|or|vs\.?|versus)\s+{_MONTHLY}\b",
        "both",
        lambda m: None,
    )
    heard.take(
        rf"\b({_YEARLY}|{_THREE})\b(?!\s+(?:revenue|report))",
        "term",
        lambda m: (
            heard.put("billing_cycle", _cycle(m.group(1)))
            if "term_duration" in heard.values
            else heard.put("term_duration", _term(m.group(1)))
        ),
    )
    # "the monthly price" asks for an amount, "the P1Y monthly price" names the plan.
    amount = "" if "term_duration" in heard.values else r"(?!\s+(?:price|cost|fee|charge|report))"
    heard.take(rf"\b{_MONTHLY}\b{amount}", "cycle", lambda m: heard.put("billing_cycle", "monthly"))


def _quantities(heard: Heard) -> None:
    def keep(found: re.Match[str]) -> bool:
        number = _number(found.group(1))
        return heard.put("quantity", number) if 0 < number < 10_000_000 else False

    digits = r"(\d{1,3}(?:,\d{3})+|\d{1,7})"
    heard.take(
        rf"(?<!plan )(?<!office )(?<!microsoft )(?<!windows )(?<!dynamics )\b({_NUMBER})\s*(?:x\s+)?(?:(?:more|additional|new|extra|remaining)\s+)?{_SEATS}\b(?!\s*plan)",
        "quantity",
        keep,
    )
    heard.take(rf"\b({_NUMBER})\s+quantity\b", "quantity", keep)
    heard.take(rf"\bquantit(?:y|ies)\s*(?:of|is|=|:)?\s*{digits}\b", "quantity", keep)
    heard.take(rf"\b(?:{_SEATS}|qty)\s*[:=]\s*{digits}\b", "quantity", keep)
    heard.take(rf"\b{digits}\s*(?:x|×)\s+(?=\S)", "quantity", keep)
    heard.take(rf"\b(?:x|×)\s*{digits}\b", "quantity", keep)
    # "for 25" ends there; "5 power bi pro": a number before a product's name; "down to 10".
    heard.take(rf"(?<=\bfor )\s*{digits}(?=\s*(?:$|[,.;?!<]))", "quantity", keep)
    heard.take(rf"(?<=\bto )\s*{digits}(?=\s*(?:$|[,.;?!<]))", "quantity", keep)
    heard.take(rf"(?<=\bto )\s*{digits}(?=\s+(?:for|at|on)\b)", "quantity", keep)
    if "quantity" not in heard.values:
        heard.take(
            r"(?<![\w:.$/-])(?<!plan )(?<!365 )(?<!line )(?<!step )(?<!version )(?<!office )(?<!microsoft )(?<!windows )"
            r"(?<!dynamics )(\d{1,5})(?=\s+(?:of\s+)?(?:(?:microsoft|office|power|visio|project|teams|exchange|windows|dynamics|"
            r"defender|copilot|business|m365|o365|annual)\b|<term>|<ref>|(?-i:[A-Z])))", "quantity",
            lambda m: False if m.group(1) == "365" else keep(m),
        )  # fmt: skip
