"""A stored answer with addresses: links are kept by URL name, so that they survive a change of paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from assistant.models import Turn
from assistant.services import present_flow
from assistant.skill import NEEDS_INPUT

# What is missing, as the label of a small form under the question. Slots with choices or a card of their own have none.
FIELDS = {
    "customer": "Customer name, domain or tenant ID",
    "product": "Product name, or product and SKU ID",
    "subscription": "Subscription name or ID",
    "upgraded_subscription": "Name or ID of the upgraded subscription",
    "subscriptions": "Name or ID of the duplicate",
    "order": "Order ID",
    "quantity": "Number of licenses",
}


def address(link: dict[str, Any] | None) -> str:
    """The address of a stored link; empty when there is no such page."""
    if not link:
        return ""
    try:
        path = reverse(link["to"], kwargs=link.get("args") or None)
    except NoReverseMatch:
        return ""
    return f"{path}?{urlencode(link['query'])}" if link.get("query") else path


def links(answer: dict[str, Any]) -> list[dict[str, str]]:
    """The links of an answer that lead somewhere, each once."""
    every = [*answer.get("links", ()), *(fact["link"] for fact in answer.get("facts", ()) if fact.get("link"))]
    found: dict[str, str] = {}
    for link in every:
        url = address(link)
        if url:
            found.setdefault(url, link["label"])
    return [{"label": label, "url": url} for url, label in found.items()]


def turn(row: Turn, origins: dict[str, str], problems: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A turn as the templates draw it. Only text and addresses: nothing in it is markup. `problems` holds, by card,
    the errors and values of a form that was just sent."""
    rated = next(iter(row.feedback.all()), None) if row.speaker == Turn.Speaker.ASSISTANT else None
    return {
        "number": row.number,
        "conversation": row.conversation.conversation_id,
        "is_person": row.speaker == Turn.Speaker.PERSON,
        "text": row.text,
        "origin": origins.get(row.origin, ""),
        "at": row.created_at,
        "skill": row.skill,
        "status": row.status,
        "rated": rated,
        "answer": _answer(row, problems or {}) if row.answer else {},
    }


def _answer(row: Turn, problems: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = row.answer
    shown = dict(answer)
    shown["facts"] = [fact | {"url": address(fact.get("link"))} for fact in answer.get("facts", ())]
    in_facts = {fact["url"] for fact in shown["facts"]}
    shown["links"] = [link for link in links(answer) if link["url"] not in in_facts]
    shown["cards"] = [_card(card, row, problems) for card in answer.get("cards", ())]
    shown["field"] = _field(answer)
    checks = [check | {"both": _both(check)} for check in answer.get("checks", ())]
    shown["checks"] = checks
    shown["has_matrix"] = any(card["kind"] == "matrix" for card in answer.get("cards", ()))
    shown["unmet"] = [check for check in checks if not check["passed"]]
    shown["passed"] = [check for check in checks if check["passed"]]
    shown["met"] = len(shown["passed"])
    shown["rules"] = list(dict.fromkeys(check["rule"] for check in checks if check.get("rule")))
    return shown


def _field(answer: dict[str, Any]) -> dict[str, Any]:
    """The form for the one thing that is missing; empty where choices or a card ask for it."""
    missing = answer.get("asks_for") or [""]
    if answer.get("status") != NEEDS_INPUT or answer.get("choices") or answer.get("cards") or missing[0] not in FIELDS:
        return {}
    return {"label": FIELDS[missing[0]], "is_number": missing[0] == "quantity"}


def _both(check: dict[str, Any]) -> str:
    """What was needed and what was found, where the sentence of a condition that is not met leaves one of them out."""
    needed, found, message = (str(check.get(name, "")) for name in ("expected", "found", "message"))
    if check["passed"] or not needed or not found or (needed in message and found in message):
        return ""
    return f"Needs {needed}, found {found}."


def _card(card: dict[str, Any], row: Turn, problems: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(card) | {"template": f"assistant/replies/{card['kind']}.html"}
    if card["kind"] in present_flow.KINDS:
        shown = present_flow.shown(shown, row, problems)
    if card["kind"] == "eligibility":
        shown["url"] = address({"to": "customers:subscription", "args": {"subscription_id": card["id"]}})
    if card["kind"] == "ticket":
        shown["all_url"] = address({"to": "customers:support"})
        shown["url"] = address({"to": "customers:support", "query": {"tid": card["ticket_id"]}})
    if card["kind"] == "list":
        shown["rows"] = [
            row | {"url": address({"to": "customers:subscription", "args": {"subscription_id": row["id"]}})}
            for row in card["rows"]
        ]
    if card.get("more_to"):
        shown["more_url"] = address(card["more_to"])
    if card.get("links"):
        shown["links"] = [{"label": link["label"], "url": address(link)} for link in card["links"]]
    return report(shown) if card["kind"] == "report" else shown


def report(card: dict[str, Any]) -> dict[str, Any]:
    """The card of a report with the addresses of its file and of Downloads."""
    file = card.get("file")
    return card | {
        "url": address({"to": "downloads:list"}),
        "file_url": address({"to": "downloads:file", "args": {"pk": file}}) if file else "",
    }
