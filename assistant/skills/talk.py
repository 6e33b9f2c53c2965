"""Answers that look nothing up: what a word means, what can be asked, what cannot."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from assistant.skill import NEEDS_INPUT, REFUSED, Answer, Link, Source

REPORTS = "{reports}"


@cache
def _answers() -> dict[str, list[dict[str, Any]]]:
    """What a word means, and which page does what the panel does not: data, with the page that says so."""
    return tomllib.loads((Path(__file__).parent / "answers.toml").read_text(encoding="utf-8"))


GREETINGS = (
    (r"thank|thx|cheers|\bty\b|great|perfect|nice|good job|helpful", "You are welcome."),
    (r"bye|see you", "Goodbye. The conversation stays under Earlier conversations."),
    (
        r"who are you|what are you|your name|human|robot|\bbot\b|\bai\b",
        "This is the portal's assistant: a program that looks things up in your partner's data.",
    ),
    (r"how are you", "All is well here."),
)


def explain(sentence: str, *, can_do: list[dict[str, str]], reports: list[str]) -> Answer:
    """`help`: the word that was asked about, else what can be asked here. Nothing is looked up or started."""
    entry = _first("meaning", sentence)
    if entry:
        when = entry["checked"]
        return Answer(
            lead=entry["lead"],
            body=entry["body"].replace(REPORTS, ", ".join(reports)),
            sources=(Source(title=entry["source"], detail=f"checked {when.day} {when:%b %Y}"),),
        )
    examples = [item["prompt"] for item in can_do]
    return Answer(
        lead="Ask about prices, promotions, subscriptions and reports of your customers.",
        body="Name the customer, the product or the cart line, and it is looked up with the rule behind the answer.",
        cards=({"kind": "examples", "rows": examples, "plain": [f"For example: {text}" for text in examples]},),
    )


def chat(sentence: str) -> Answer:
    low = sentence.casefold()
    lead = next((reply for pattern, reply in GREETINGS if re.search(pattern, low)), "Hello.")
    return Answer(lead=lead, body="Name a customer, a product or a cart line to look something up.")


def refuse(sentence: str, *, nearest: list[dict[str, str]], subscription: str = "") -> Answer:
    """`out_of_scope`: says so, links the page that does it, and names the nearest things that can be done.

    `subscription` is the ID of the one in view: then the link leads to its own page."""
    entry = _first("elsewhere", sentence)
    if not entry:
        return _refusal("The assistant cannot help with this.", "", nearest, ())
    link = Link(label=entry["label"], to=entry["page"])
    if subscription and entry.get("here"):
        args = {"subscription_id": subscription}
        link = Link(label="Open the page that does it", to=f"customers:{entry['here']}", args=args)
    return _refusal("The assistant does not do this.", entry["says"], nearest, (link,))


def _first(kind: str, sentence: str) -> dict[str, Any]:
    low = sentence.casefold()
    return next((entry for entry in _answers()[kind] if re.search(entry["words"], low)), {})


def not_wired(*, title: str, page: str, nearest: list[dict[str, str]]) -> Answer:
    """Understood, and not available here yet."""
    where = (Link(label=_label(page), to=page),) if page else ()
    reason = f"The {_label(page)} page shows what is known." if page else ""
    return _refusal(f"Not available here yet: to {title}.", reason, nearest, where)


def ask_which(*, options: list[dict[str, str]]) -> Answer:
    """`clarify`: which of two was meant."""
    return Answer(
        lead="Did you mean one of these?",
        body="Nothing was changed or started.",
        status=NEEDS_INPUT,
        choices=tuple(
            {"label": option["title"][:1].upper() + option["title"][1:], "say": option["title"]} for option in options
        ),
    )


def _refusal(lead: str, reason: str, nearest: list[dict[str, str]], links: tuple[Link, ...]) -> Answer:
    can = ", ".join(item["title"] for item in nearest[:3])
    return Answer(
        lead=lead,
        body=f"{reason} It can {can}.".strip() if can else reason,
        status=REFUSED,
        chips=tuple(item["prompt"] for item in nearest[:2] if "[" not in item["prompt"]),
        links=links,
    )


def _label(page: str) -> str:
    return {"downloads:list": "Downloads", "customers:carts": "Carts"}.get(page, "Subscriptions")
