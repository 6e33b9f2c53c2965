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
_ONES = {
    word: number
    for number, word in enumerate(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        start=1,
    )
}
_TENS = {
    word: 10 * number
    for number, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_ALONE = {"a": 1, "an": 1, "single": 1, "dozen": 12, "a dozen": 12, "hundred": 100}
_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{'|'.join(list(_ONES)[:9])})\b)?|{'|'.join(sorted(_ONES, key=len, reverse=True))})"
_IN_WORDS = rf"(?:(?:(?:{_BELOW_100}|a)\s)?hundred(?:\s(?:and\s)?{_BELOW_100})?|{_BELOW_100}|(?:a )?dozen)"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,7})"
_NUMBER = rf"(?:{_DIGITS}|{_IN_WORDS}|an?|single)"
_COUNTED = rf"({_DIGITS}|{_IN_WORDS})"  # "a" counts nothing
_SEATS = (
    r"(?:seat|licen[cs]e|lic|user|unit|people|person|ppl|employee|worker|staff|head|colleague|student|cop(?:y|ie)|subscriber|"
    r"mailbox(?:e)?)s?"
)
_MONTHLY, _YEARLY, _THREE = r"monthly", r"(?:annual(?:ly)?|yearly)", r"(?:triennial(?:ly)?|three-yearly)"
_FREQUENCY = rf"(?:{_MONTHLY}|{_YEARLY}|{_THREE}|(?:per|by the|each|every|once (?:a|per)|once every) (?:month|year|(?:3|three) years))"
TERM_OF_MONTHS = {1: "P1M", 12: "P1Y", 36: "P3Y"}
# "ORD-88213", "a1b7e55c90d2", "OgT5xW2LqK81": an order needs no word for it.
_ORDER_SHAPE = (
    r"(?<![\w:.-])(?:(?:ORD|PO|SO)[-#]?\d[\w-]{2,20}|(?=\d*[a-f])(?=(?:[a-f]*\d){2})(?-i:[a-f0-9]{10,16})|"
    r"(?-i:(?=\w*[a-z])(?=\w*[A-Z])(?=\w*\d\w*\d)[A-Za-z0-9]{10,40}))(?![\w:-]|\.\w)"
)
_BLANK = "\0"  # what stands where something was found; no cleaned text has it


@dataclass(frozen=True)
class Find:
    """Something of a known shape: where it stands in the text, and the mark that takes its place."""

    start: int
    end: int
    mark: str


@dataclass
class Heard:
    """What was found in one sentence. `rest` is the sentence with every find replaced by a mark like <guid>."""

    text: str
    rest: str
    values: dict[str, Any] = field(default_factory=dict)
    finds: list[Find] = field(default_factory=list)

    def mark(self, pattern: str, mark: str, use: Callable[[re.Match[str]], bool | None], group: int = 0) -> None:
        """Each match in the text that `use` accepts (anything but False) is a find; its place is blanked out."""
        for found in re.finditer(pattern, self.rest, flags=re.IGNORECASE):
            if use(found) is False:
                continue
            start, end = found.span(group)
            self.finds.append(Find(start, end, mark))
            self.rest = self.rest[:start] + _BLANK * (end - start) + self.rest[end:]

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
    """The ids, references, addresses and numbers of a known shape in `text` (already cleaned).

    `rest` keeps its length; terms, plans and quantities are looked for by `amounts` when the names are out of it.
    """
    # Angle brackets are the marks of this module: typed ones would be taken for finds.
    plain = re.sub(r"[<>]", " ", text)
    # An example keeps its brackets and asterisks when only the words in them are replaced: **[34b37d7340cc]**.
    plain = re.sub(r"[*\[]+([\w:-]+)[*\]]+", r"\1", plain)
    heard = Heard(text=plain, rest=plain)
    _ids(heard)
    heard.finds.sort(key=lambda find: find.start)
    return heard


def amounts(heard: Heard, masked: str) -> None:
    """Terms, billing plans and quantities in `masked`, the sentence with its names replaced by marks."""
    heard.rest = masked
    _terms_and_cycles(heard)
    _quantities(heard)
    heard.rest = " ".join(heard.rest.split())


def _ids(heard: Heard) -> None:
    heard.mark(rf"\b{GUID}\b", "guid", lambda m: None)
    heard.mark(
        r"\b([A-Z0-9]{12}):([A-Z0-9]{4})(?::[A-Z0-9]{12})?\b", "ref",
        lambda m: heard.put("sku", m.group(2).upper()) and heard.put("product", m.group(1).upper()),
    )  # fmt: skip
    heard.mark(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b", "email", lambda m: heard.put("email", m.group(0)))
    _references(heard)
    heard.mark(
        r"(?<![\w.@])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,15}\b(?!\.\w)(?=$|\W)", "domain",
        lambda m: None if _is_domain(m.group(0)) else False,
    )  # fmt: skip
    heard.mark(r"(?<![\w/.-])(\+\d[\d ()./-]{6,18}\d)(?!\w)", "phone", lambda m: heard.put("phone", m.group(1)), 1)
    heard.mark(
        r"\b(?:phone|telephone|tel|mobile|cell|call me (?:at|on)|number is)\b\D{0,12}(\(?\d[\d ()./-]{6,18}\d)(?!\w)", "phone",
        lambda m: heard.put("phone", m.group(1)), 1,
    )  # fmt: skip
    heard.mark(
        r"\b(?:verification|approval|confirmation)(?:\s+(?:id|code|number))?\b(?:\s+(?:is|was|id|code))*\s*[:#=-]?\s*((?=[\w-]*\d)[A-Za-z0-9][\w-]{3,39})\b",
        "verification", lambda m: heard.put("verification_id", m.group(1)), 1,
    )  # fmt: skip
    heard.mark(
        r"\bline(?:\s+item)?\s*(?:no\.?|number|#)?\s*(\d{1,3})\b", "line", lambda m: heard.put("line", int(m.group(1)))
    )
    heard.mark(
        r"\b(first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th)\s+(?:line|item)\b",
        "line",
        lambda m: heard.put("line", _ordinal(m.group(1))),
    )


def _references(heard: Heard) -> None:
    """Orders, product ids and SKU ids."""
    reference = r"((?=[\w-]*\d)[A-Za-z0-9][\w-]{3,39})"
    heard.mark(
        r"\border(?:s)?\s*(?:we placed|i placed)?,?\s*(?:with (?:the )?)?(?:id|number|no\.?|nr\.?|#)?\s*(?:is|was)?\s*[:#(]?\s*"
        rf"{reference}\b(?!\s*(?:seat|licen|user))", "order",
        lambda m: heard.put("order", m.group(1)), 1,
    )  # fmt: skip
    if "order" not in heard.values:  # what looks like nothing else
        heard.mark(_ORDER_SHAPE, "order", lambda m: heard.put("order", m.group(0)))
    unknown = re.search(r"\border", heard.rest, re.IGNORECASE) and "order" not in heard.values
    if unknown and (_BLANK in heard.rest or not _order_by_shape(heard, reference)):
        _order_is_guid(heard)
    heard.mark(
        r"\b(?:product(?:\s+id)?[:\s]+)?((?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{12})\b(?!:)", "ref",
        lambda m: heard.put("product", m.group(1).upper()),
    )  # fmt: skip
    heard.mark(
        r"\bsku(?:\s*(?:id|number|no\.?))?[:\s]+\[?((?=[A-Z0-9]*\d)[A-Z0-9]{1,4})\]?\b", "ref",
        lambda m: heard.put("sku", m.group(1).upper().rjust(4, "0")),
    )  # fmt: skip
    if "product" in heard.values:  # "CFQ7TTC0LH18 / 0001"
        heard.mark(
            rf"\0\s*[/:,]\s*(?:sku\s*)?(\d{{3}}[0-9A-Z])\b(?!\s*{_SEATS})", "ref",
            lambda m: heard.put("sku", m.group(1).upper()), 1,
        )  # fmt: skip


def _order_by_shape(heard: Heard, reference: str) -> bool:
    """ "number a81kd92mz", "the order we submitted (66201938)", "any promo on 9f8e7d6c5b4a order"."""
    for pattern in (
        rf"\b(?:number|no\.?|id)\s*(?:is|was)?\s*[:#]?\s*{reference}\b",
        r"(?<![\w:.-])((?=[\w-]*\d)(?!CFQ7)[A-Za-z0-9][\w-]{5,39})(?![\w:]|\.\w)",
    ):
        heard.mark(pattern, "order", lambda m: False if "order" in heard.values else heard.put("order", m.group(1)), 1)
        if "order" in heard.values:
            return True
    return False


def _order_is_guid(heard: Heard) -> None:
    """An order may be a GUID: the one behind the word."""
    for place, find in enumerate(heard.finds):
        before = heard.rest[: find.start][-24:].casefold()
        if find.mark == "guid" and re.search(r"\border\b[^.,;]{0,16}$", before):
            heard.finds[place] = Find(find.start, find.end, "order")
            heard.put("order", heard.text[find.start : find.end])
            return


def _is_domain(word: str) -> bool:
    """ "contoso.com" is one, "St.Mary" and "cart.Why" are not."""
    last = word.rpartition(".")[2]
    return not last[0].isupper() or word.isupper()


def _ordinal(word: str) -> int:
    if word[0].isdigit():
        return int(word[0])
    return ["first", "second", "third", "fourth", "fifth"].index(word.casefold()) + 1


def _number(word: str) -> int:
    """ "1,200", "twenty-five", "a hundred and ten"."""
    word = word.casefold().replace(",", "")
    if word.isdigit() or word in _ALONE:
        return _ALONE.get(word) or int(word)
    hundreds, hundred, rest = word.rpartition("hundred")
    total = 100 * (_number(hundreds.strip()) if hundreds.strip() else 1) if hundred else 0
    return total + sum({**_ONES, **_TENS}.get(part, 0) for part in re.split(r"[\s-]+", rest))


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
    # "not annual, month to month": what is ruled out is not said.
    heard.take(
        rf"\b(?:not|no longer|instead of|rather than|isn't|aren't)\s+(?:{_FREQUENCY}|P(?:1M|1Y|3Y))\b",
        "not",
        lambda m: None,
    )
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
        number = _number(next(part for part in found.groups() if part))
        return heard.put("quantity", number) if 0 < number < 10_000_000 else False

    digits = rf"({_DIGITS})"
    heard.take(
        rf"(?<!plan )(?<!office )(?<!microsoft )(?<!windows )(?<!dynamics )\b({_NUMBER})\s*(?:x\s+)?(?:(?:more|additional|new|extra|remaining)\s+)?{_SEATS}\b(?!\s*plan)",
        "quantity",
        keep,
    )
    heard.take(rf"\b({_NUMBER})\s+quantity\b", "quantity", keep)
    heard.take(rf"\bquantit(?:y|ies)\s*(?:of|is|=|:)?\s*{digits}\b", "quantity", keep)
    heard.take(rf"\b(?:{_SEATS}\s*[:=]|qty\b\.?\s*[:=]?)\s*{digits}\b", "quantity", keep)
    heard.take(rf"\b{_COUNTED}\s*(?:x\s*|×\s*|of\s+)?(?=<product>)", "quantity", keep)
    heard.take(rf"\b{digits}\s*(?:x|×)(?=\W|$)", "quantity", keep)
    heard.take(rf"(?<!<term> )(?<!<cycle> )\b{digits}\s*,?\s*(?=<term>|<cycle>)", "quantity", keep)  # "300 annual"
    heard.take(rf"\b(?:x|×)\s*{digits}\b", "quantity", keep)
    # "for 25" ends there; "5 power bi pro": a number before a product's name; "down to 10".
    heard.take(rf"(?<=\bfor )\s*{digits}(?=\s*(?:$|[,.;?!<]))", "quantity", keep)
    heard.take(rf"(?<=\bto )\s*{_COUNTED}(?=\s*(?:$|[,.;?!<]))", "quantity", keep)
    heard.take(rf"(?<=\bto )\s*{_COUNTED}(?=\s+(?:for|at|on|after|because|since|please|and|in|of)\b)", "quantity", keep)
    heard.take(
        rf"(?<=\bleave )\s*{_COUNTED}\b|(?<=\bkeep )\s*{_COUNTED}\b|(?<=\bonly be )\s*{_COUNTED}\b", "quantity", keep
    )
