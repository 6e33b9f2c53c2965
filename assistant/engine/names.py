"""Names of customers and products in a sentence: what is left between the words of every question."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from assistant.engine.slots import Heard

_TOKEN = re.compile(r"<\w+>|[^\W_]+(?:[.&'+/-][^\W_]+)*(?:s'(?!\w))?|[&+]|[^\w\s]", re.UNICODE)
_CUSTOMER_CUES = {"customer", "client", "tenant", "company", "customers", "organization", "organisation"}
_PREPOSITIONS = {
    "for",
    "at",
    "of",
    "with",
    "to",
    "from",
    "belonging",
    "does",
    "do",
    "would",
    "has",
    "can",
    "will",
    "could",
    "sell",
    "give",
    "is",
    "where",
    "charge",
    "did",
    "if",
    "when",
    "are",
    "on",
    "offer",
    "cost",
    "may",
    "should",
}
_JOINERS = {"of", "and", "the", "de", "la", "und", "der"}
_ENDINGS = {"ltd", "inc", "llc", "corp", "co", "gmbh", "plc", "s.a", "ag", "limited"}


@cache
def _vocabulary() -> dict[str, frozenset[str]]:
    data = tomllib.loads((Path(__file__).parent / "vocabulary.toml").read_text(encoding="utf-8"))
    return {name: frozenset(words.split()) for name, words in data.items()}


@dataclass
class Run:
    """Words that belong together, with what stands around them."""

    words: list[str]
    before: list[str] = field(default_factory=list)
    quoted: bool = False
    possessive: bool = False

    @property
    def text(self) -> str:
        return re.sub(r" (?=[,.])", "", " ".join(self.words))

    @property
    def is_product(self) -> bool:
        """At least one product word, or two generic ones ("business premium")."""
        vocabulary = _vocabulary()
        low = [word.casefold() for word in self.words]
        if low == ["microsoft"]:
            return False
        if any(word in vocabulary["products"] for word in low):
            return True
        return sum(word in vocabulary["generic_products"] for word in low) >= 2

    @property
    def capitalized(self) -> bool:
        return self.words[0][:1].isupper() or self.words[0][:1].isdigit() and len(self.words) > 1

    @property
    def for_customer(self) -> bool:
        return any(word in _CUSTOMER_CUES for word in self.before[-2:])

    @property
    def for_subscription(self) -> bool:
        return self.before[-1:] in (["subscription"], ["sub"])

    @property
    def for_product(self) -> bool:
        return self.before[-1:] == ["product"] or self.before[-2:] == ["the", "offer"]

    @property
    def sureness(self) -> int | None:
        """How sure it is that this names a customer: 0 is surest; None when it does not."""
        last = self.before[-1] if self.before else ""
        if self.for_customer or (self.possessive and not self.is_product):
            return 0
        if self.quoted or self.capitalized:
            return 1 if last in {"for", "at", "of", "to", "from"} else 2
        if last in _PREPOSITIONS:
            return 3
        return 4 if not self.before or last in {",", ":", "subs", "subscriptions"} else None


@dataclass
class Names:
    customers: list[str]
    products: list[str]
    perhaps: list[str]  # of the customers, those that may as well be products that nobody knows
    masked: str  # the sentence with names as <name> and <product>, for the matcher


def find(heard: Heard) -> Names:
    """The customers and the products that `heard` names, surest first."""
    rest, quotes = _quoted(heard.rest)
    runs, masked = _runs(rest, quotes)
    runs = [run for run in runs if run.text.casefold() not in _ENDINGS]
    named = [run for run in runs if run.for_customer or (run.possessive and not run.is_product)]
    products = [run for run in runs if run not in named and (run.is_product or run.for_subscription or run.for_product)]
    rest_of = [run for run in runs if run not in products and run.sureness is not None]
    customers = sorted(rest_of, key=lambda run: run.sureness or 0)
    ordered = [run.text for run in customers]
    if "domain" in heard.values:
        ordered.insert(0, heard.values["domain"])
    perhaps = [run.text for run in customers if (run.sureness or 0) > 0 and (run.before[-1:] in (["of"], ["on"]))]
    perhaps += [text for text in ordered[1:] if text not in perhaps and text not in {run.text for run in named}]
    return Names(ordered, [run.text for run in products], perhaps, masked)


def _quoted(text: str) -> tuple[str, list[str]]:
    """Take out "…", [...] and '…'; a quotation of ordinary words stays in the sentence."""
    found: list[str] = []

    def swap(match: re.Match[str]) -> str:
        inner = next(part for part in match.groups() if part is not None).strip(" *")
        if not inner or not _unusual(inner):
            return f" {inner} "
        found.append(inner)
        return f" <q{len(found) - 1}> "

    text = re.sub(r'"([^"<>]{1,120})"|\*{0,2}\[([^\]<>]{1,120})\]\*{0,2}|(?<!\w)\'([^\'<>]{2,120})\'(?!\w)', swap, text)
    return text, found


def _unusual(text: str) -> bool:
    """Does it hold a word that is not one of every question's?"""
    common = _vocabulary()["common"]
    return any(word.casefold() not in common for word in re.findall(r"[^\W_]+", text))


def _runs(text: str, quotes: list[str]) -> tuple[list[Run], str]:
    pieces = _TOKEN.findall(text)
    runs: list[Run] = []
    masked: list[str] = []
    current: Run | None = None
    before: list[str] = []
    skip = 0

    def close() -> None:
        nonlocal current
        if current is not None and (_kept := _trimmed(current)):
            runs.append(_kept)
            masked.append(_mask(_kept))
            before.append("<name>")
        current = None

    for place, word in enumerate(pieces):
        if skip:
            skip -= 1
            continue
        quote = re.fullmatch(r"<q(\d+)>", word)
        if quote:
            close()
            runs.append(Run([quotes[int(quote.group(1))]], before=list(before[-3:]), quoted=True))
            quoted_run = Run(runs[-1].text.split(), before=[])
            runs[-1].words = quoted_run.words
            masked.append("<product>" if quoted_run.is_product else "<name>")
            before.append("<name>")
            continue
        follows = pieces[place + 1] if place + 1 < len(pieces) else ""
        starts = current is not None and _splits(current, word, follows)
        if starts:
            close()
        if _belongs(word, follows, current, pieces, place):
            current = current or Run([], before=list(before[-3:]))
            current.words.append(word)
            if word == "," and follows:
                current.words.append(follows)
                skip = 1
            continue
        close()
        masked.append(word)
        before.append(word.casefold())
    close()
    return runs, " ".join(masked)


def _mask(run: Run) -> str:
    """A name says nothing about the intent; stray words in lower case may."""
    if run.is_product:
        return "<product>"
    named = run.quoted or run.possessive or run.for_customer or run.capitalized and (run.before or len(run.words) > 1)
    return (
        "<name>"
        if named or run.before[-1:] and run.before[-1] in _PREPOSITIONS | {"subs", "subscriptions"}
        else " ".join(run.words).casefold()
    )


# A word that begins a product only before certain others: City Power & Light is a customer.
_ONLY_BEFORE = {
    "power": {"bi", "apps", "automate", "platform", "pages", "virtual"},
    "business": {"premium", "standard", "basic"},
    "project": {"plan", "online"},
    "windows": {"365", "10", "11", "server", "enterprise"},
    "exchange": {"online", "plan"},
}


def _splits(run: Run, word: str, follows: str) -> bool:
    """Tailspin Toys' | Exchange …; Fabrikam Robotics | Business Premium."""
    low = word.casefold()
    if low in _ONLY_BEFORE and follows.casefold() not in _ONLY_BEFORE[low]:
        return False
    starters = _vocabulary()["product_starters"]
    return (
        low in starters
        and not run.is_product
        and run.words[-1].casefold() not in _vocabulary()["generic_products"]
        and run.words[-1].casefold() not in starters
    )


def _belongs(word: str, follows: str, run: Run | None, pieces: list[str], place: int) -> bool:
    """Is `word` part of the name that `run` has begun, or the beginning of one?"""
    low = word.casefold()
    if word.startswith("<"):
        return False
    if not word[0].isalnum():
        return run is not None and _joins(word, follows, run)
    after = pieces[place + 2] if place + 2 < len(pieces) else ""
    if len(word) == 1 and word.isupper() and follows == "." and after[:1].isupper():
        return True  # "A. Datum Corporation"
    in_product = _in_product(low, follows.casefold(), run)
    if in_product is not None:
        return in_product
    if low in _JOINERS:
        return _joins_names(word, follows, run, pieces[place - 1] if place else "")
    if low in _vocabulary()["common"]:
        return _everyday(word, follows, run, pieces[place - 1] if place else "")
    return True


def _joins(mark: str, follows: str, run: Run) -> bool:
    """A mark inside a name: "VanArsdel, Ltd.", "Power & Light", "A. Datum"."""
    if mark == ",":
        return follows.casefold().rstrip(".") in _ENDINGS
    if mark == ".":
        initial = len(run.words[-1]) == 1 and follows[:1].isupper()
        return initial or run.words[-1].casefold() in _ENDINGS
    return mark in {"&", "+"} and follows[:1].isalnum()


def _in_product(low: str, follows: str, run: Run | None) -> bool | None:
    """Words that are a product's only in their place: "Plan 2", "Per User", "for business"; None for others."""
    vocabulary = _vocabulary()
    last = run.words[-1].casefold() if run else ""
    if low.isdigit():
        return run is not None or follows in vocabulary["products"]
    if low == "plan":
        return follows.isdigit() if run is None else run.is_product or follows.isdigit()
    if low == "per" or last == "per":
        return run is not None and run.is_product and (low != "per" or follows in {"user", "device"})
    if low == "id" and last == "entra":
        return True
    if low == "for":
        return run is not None and run.is_product and follows in vocabulary["after_for"]
    return None


def _joins_names(word: str, follows: str, run: Run | None, before: str) -> bool:
    """Said inside a name: "School of Fine Art", "The Phone Company"; never from a product on."""
    low, next_low, vocabulary = word.casefold(), follows.casefold(), _vocabulary()
    if not follows[:1].isupper() or next_low in vocabulary["products"]:
        return False
    if run is None:
        return word == "The" and not follows.isupper()
    named = not run.is_product and before[:1].isupper() and not before.endswith(("'s", "s'"))
    return named and (low == "of" or next_low not in vocabulary["common"])


def _everyday(word: str, follows: str, run: Run | None, before: str) -> bool:
    """A word of every question that is part of a name: "customer Upgrade Partners", "Best For You"."""
    if not word[:1].isupper():
        return False
    if run is not None:
        inside = run.words[-1][:1].isupper() or run.words[-1] == "of"
        return inside and not run.is_product and word.casefold() not in {"i", "is", "it"} and not word.startswith("I'")
    if before.casefold() in _CUSTOMER_CUES:
        return True
    known = _vocabulary()["common"] | _vocabulary()["products"]
    return before.casefold() in {"for", "at"} and follows[:1].isupper() and follows.casefold() not in known


def _trimmed(run: Run) -> Run | None:
    """Without trailing joiners and a possessive; nothing when only a bare "Microsoft" or a letter is left."""
    while run.words and run.words[-1].casefold() in _JOINERS | {"&", "+"}:
        run.words.pop()
    if not run.words:
        return None
    last = run.words[-1]
    if last.endswith("'s"):
        run.words[-1], run.possessive = last[:-2], True
    elif last.endswith("s'"):
        run.words[-1], run.possessive = last[:-1], True
    text = run.text
    if text.casefold() in {"microsoft", "ms"} or (len(text) < 2 and not text.isdigit()) or text.isdigit():
        return None
    return run
