"""What a sentence takes over from what was said before: "and for Fabrikam?", "can it be canceled", "the other one"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.engine.lexicon import lexicon
from assistant.engine.match import words_of

AGAIN = re.compile(
    r"^(?:no+[,.]? |nope[,.]? |sorry[,.]? |ok(?:ay)?[,.]? |hm+[,.]? |wait[,.]? |oops[,.]? )*"
    r"(?:i mean(?:t)?|actually|rather|instead|what about|how about|and\b|now (?:the same|for|check that)|same\b|the same\b|"
    r"make (?:it|that)|change (?:it|that) to|but (?:for|with)|with|for|not|again|also|then)\b"
    r"|\b(?:instead|rather|as well|too)[.?! ]*$"
)
THERE = re.compile(
    r"\b(?:it|its|they|them|their|theirs|there|one|ones|this|that|the same"
    r"|the (?:customer|client|product|subscription|above|first|last|old)|other (?:promotions?|terms?|billing|plans?))\b"
)
OTHER = re.compile(
    r"^(?:no+[,.]? |sorry[,.]? |i mean(?:t)?,? |and |what about |how about |take |use )*the other(?: one)?[.?! ]*$"
)
# Words that carry no question of their own beside a name or a value.
_GLUE = frozenset(
    ["and", "for", "the", "a", "an", "to", "of", "at", "on", "in", "with", "by", "from", "under", "same", "again", "also", "too", "what", "about", "how", "is", "are", "it", "its", "it's", "now", "this", "that", "one", "please", "pls", "ok", "okay", "sorry", "no", "nope", "not", "yes", "yeah", "i", "i'm", "mean", "meant", "actually", "rather", "instead", "make", "change", "but", "then", "thanks", "thank", "you", "customer", "client", "tenant", "company", "product", "subscription", "subscriptions", "sub", "sku", "upgraded", "duplicate", "duplicates", "name", "named", "id", "ids", "called", "my", "our", "us", "me", "we", "he", "she", "they", "them", "their", "as", "well", "just", "only", "use", "take", "say", "let's", "try", "check", "do", "does", "would", "be", "if", "or", "order", "number", "oops", "wait", "hm", "hmm", "first", "term", "billed", "plan", "billing"]
)  # fmt: skip
# What one skill calls a product, another calls a subscription.
_ALSO = {"product": "subscription", "subscription": "product"}


def only_values(masked: str) -> bool:
    """Does the sentence bring names and values, and no question?"""
    book = lexicon()
    return all(word in _GLUE or word[0] in "<?" or not book.knows(word) for word in words_of(masked))


def remembered(names: Sequence[str], mentioned: Mapping[str, Any]) -> dict[str, Any]:
    """What was last spoken of, for the slots `names`; another kind of record only by its words."""
    found = {name: mentioned[name] for name in names if name in mentioned}
    for name in names:
        other = mentioned.get(_ALSO.get(name, ""))
        if name not in found and other is not None:
            found[name] = as_words(other)
    return found


def as_words(value: Any) -> Any:
    """A record as the person wrote it: it is looked up anew, at another customer."""
    return (value.get("said") or value["label"]) if isinstance(value, dict) else value


def elsewhere(slots: Mapping[str, Any]) -> dict[str, Any]:
    """The slots of one question for another customer: its subscriptions are other records."""
    dropped = {"upgraded_subscription", "subscriptions"}
    return {
        name: as_words(value) if name == "subscription" else value
        for name, value in slots.items()
        if name not in dropped
    }
