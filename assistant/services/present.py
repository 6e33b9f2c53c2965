"""A stored answer with addresses: links are kept by URL name, so that they survive a change of paths."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse


def address(link: dict[str, Any] | None) -> str:
    """The address of a stored link; empty when there is no such page."""
    if not link:
        return ""
    try:
        return reverse(link["to"], kwargs=link.get("args") or None)
    except NoReverseMatch:
        return ""


def links(answer: dict[str, Any]) -> list[dict[str, str]]:
    """The links of an answer that lead somewhere, each once."""
    every = [*answer.get("links", ()), *(fact["link"] for fact in answer.get("facts", ()) if fact.get("link"))]
    found: dict[str, str] = {}
    for link in every:
        url = address(link)
        if url:
            found.setdefault(url, link["label"])
    return [{"label": label, "url": url} for url, label in found.items()]
