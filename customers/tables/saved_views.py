"""The saved views above a list: the built-in ones, and behind them the person's own."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from customers.services import saved_views as service
from portal.core.filters import FilterForm, Option, View, address
from portal.core.scope import Scope


def shown(scope: Scope, listing: str, form: FilterForm, path: str, built_in: list[View]) -> dict[str, Any]:
    """`views`, and `view_link`: to change the own view that is open, or to save filters that no view has."""
    rows = service.of_list(scope, listing=listing)
    own = [View(row.name, f"{path}?{row.query}", row.query == form.query) for row in rows]
    opened = next((row for row in rows if row.query == form.query), None)
    link = None
    if opened is not None:
        link = Option("Rename or remove", reverse("customers:saved_view", args=[opened.view_id]))
    elif form.query and not any(view.current for view in built_in):
        link = Option("Save view", address(reverse("customers:save_view", args=[listing]), form.params))
    return {"views": built_in + own, "view_link": link}
