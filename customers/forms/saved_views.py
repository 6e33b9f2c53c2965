"""The name of a saved view, and the lists that can have some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import reverse

from customers.forms.filters import (
    CustomerFilterForm,
    DistributorSubscriptionFilterForm,
    PreviewFilterForm,
    RenewalFilterForm,
    SubscriptionFilterForm,
    TicketFilterForm,
)
from customers.models import SavedView
from customers.services import partner_of_record
from customers.services.saved_views import LONGEST_NAME
from portal.core.filters import FilterForm
from portal.core.scope import Scope

Listing = SavedView.Listing
LISTS: dict[str, tuple[str, type[FilterForm]]] = {
    Listing.CUSTOMERS: ("customers:customers", CustomerFilterForm),
    Listing.SUBSCRIPTIONS: ("customers:subscriptions", SubscriptionFilterForm),
    Listing.RENEWALS: ("customers:renewals", RenewalFilterForm),
    Listing.PRICES: ("customers:price_preview", PreviewFilterForm),
    Listing.SUPPORT: ("customers:support", TicketFilterForm),
}


@dataclass(frozen=True, kw_only=True)
class ListPlace:
    """A list with filters: what it is called, where it is, and the filters that it knows."""

    label: str
    path: str
    filters: FilterForm


def place_of(scope: Scope, listing: str, data: Mapping[str, Any]) -> ListPlace:
    """Raises KeyError for a list that has no saved views."""
    url_name, form = LISTS[listing]
    return ListPlace(label=str(Listing(listing).label), path=reverse(url_name), filters=_form(scope, form)(data))


def _form(scope: Scope, form: type[FilterForm]) -> type[FilterForm]:
    return subscription_form(scope) if form is SubscriptionFilterForm else form


def subscription_form(scope: Scope) -> type[SubscriptionFilterForm]:
    """The filters of the subscriptions that this tenant has."""
    return DistributorSubscriptionFilterForm if partner_of_record.is_for(scope) else SubscriptionFilterForm


class ViewForm(forms.Form):
    """The service says what is wrong with a name; what is said here says it before it is sent."""

    name = forms.CharField(
        label="Name",
        max_length=LONGEST_NAME,
        help_text="Only you see it.",
        error_messages={
            "required": "Enter a name.",
            "max_length": f"Enter a name of 1 to {LONGEST_NAME} characters.",
        },
    )
