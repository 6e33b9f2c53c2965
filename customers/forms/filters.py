"""The filters of the lists, from the address to the dataclasses that the queries take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from customers.models import ReconciliationLine
from customers.queries.customers import CustomerFilters
from customers.queries.orders import OrderFilters
from customers.queries.reconciliation import LineFilters
from customers.queries.renewals import RenewalFilters
from customers.queries.search import uuid_of
from customers.queries.subscriptions import SubscriptionFilters
from customers.queries.tickets import TicketFilters
from customers.rules.vocabulary import PARTNER_OF_RECORD_WORDS, STATUS_WORDS, TERM_WORDS, SubscriptionStatus
from portal.core.filters import FilterForm, View

STATUSES = {status: words for status, words in STATUS_WORDS.items() if status != SubscriptionStatus.NONE}
OUTCOME_WORDS = {
    "renew": "Renews",
    "est": "Goes to extended term",
    "silent_est": "Goes to extended term unasked",
    "ends": "Lapses or is canceled",
    "cancel": "Canceled at term end",
}


CHANGE_WORDS = {"dearer": "Dearer", "cheaper": "Cheaper", "same": "The same", "untold": "Not comparable"}


def _choice(label: str, what: str, choices: dict[Any, str], coerce: Callable[[str], Any] = str) -> Any:
    wrong = f"“%(value)s” is not {what}."
    empty = coerce("0") if coerce is int else ""
    return forms.TypedChoiceField(
        label=label,
        required=False,
        choices=[("", ""), *((str(key), words) for key, words in choices.items())],
        coerce=coerce,
        empty_value=empty,  # type: ignore[arg-type]  # whatever `coerce` makes
        error_messages={"invalid_choice": wrong},
    )


def _days(label: str) -> Any:
    return _choice(
        label, "a number of days that can be chosen: 30, 60 or 90", {n: f"{n} days" for n in (30, 60, 90)}, int
    )


class TextField(forms.CharField):
    def __init__(self) -> None:
        super().__init__(label="Search", required=False, max_length=200)
        self.error_messages["max_length"] = "The search text is too long."


class CustomerField(forms.CharField):
    """A customer by its Microsoft ID: a UUID, or None when nothing was given."""

    def __init__(self) -> None:
        super().__init__(label="Customer", required=False)

    def clean(self, value: Any) -> UUID | None:
        text = super().clean(value)
        customer = uuid_of(text) if text else None
        if text and customer is None:
            raise ValidationError("A customer is named by its Microsoft ID.")
        return customer


class WeekField(forms.DateField):
    """A week by any day of it; its Monday."""

    def __init__(self) -> None:
        wrong = "A week is named by its Monday, for example 2026-11-23."
        super().__init__(label="Week of", required=False, input_formats=["%Y-%m-%d"], error_messages={"invalid": wrong})

    def clean(self, value: Any) -> date | None:
        day = super().clean(value)
        # The last Monday of all has no week after it to compare with.
        if day and day > date.max - timedelta(days=14):
            raise ValidationError(self.error_messages["invalid"])
        return day - timedelta(days=day.weekday()) if day else None


class CustomerFilterForm(FilterForm):
    q = TextField()
    market = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label="Market",
        required=False,
        error_messages={"invalid": "A market is a country code of two letters, for example US."},
    )
    reseller = forms.CharField(label="Relationship", required=False)
    renewing = _days("Renewing within")
    extended = _choice("Extended term", "a choice for extended term", {"1": "Yes"})

    pill_fields = ("reseller", "market", "renewing")
    presets: ClassVar = (("Renewing in 60 days", {"renewing": "60"}), ("Extended term", {"extended": "1"}))

    def clean_reseller(self) -> str:
        text = self.cleaned_data["reseller"]
        if text and text != "direct" and uuid_of(text) is None:
            raise ValidationError("A reseller is named by its Microsoft ID, or “direct” for none.")
        return text

    def filters(self) -> CustomerFilters:
        return CustomerFilters(
            text=self.value("q"),
            market=self.value("market").upper(),
            reseller=self.value("reseller") if "reseller" not in self.errors else "",
            renewing=self.value("renewing"),
            extended_term=bool(self.value("extended")),
        )


class SubscriptionFilterForm(FilterForm):
    q = TextField()
    status = _choice("Status", "a status", STATUSES)
    outcome = _choice("End of term", "an end of a term", OUTCOME_WORDS)
    term = _choice("Term", "a term", TERM_WORDS)
    ending = _days("Ending within")
    week = WeekField()
    customer = CustomerField()

    pill_fields: ClassVar[tuple[str, ...]] = ("status", "outcome", "term", "ending", "week", "customer")
    presets: ClassVar[tuple[tuple[str, dict[str, str]], ...]] = (
        ("Ending in 60 days", {"status": "active", "ending": "60"}),
        ("Extended term", {"outcome": "est"}),
    )

    def filters(self) -> SubscriptionFilters:
        return SubscriptionFilters(
            text=self.value("q"),
            status=self.value("status"),
            outcome=self.value("outcome"),
            term=self.value("term"),
            ending=self.value("ending"),
            week=self.value("week"),
            customer=self.value("customer"),
        )


class DistributorSubscriptionFilterForm(SubscriptionFilterForm):
    """With the partner of record, which only distributors have to keep right."""

    record = _choice(
        "Partner of record", "a problem of a partner of record", {"problem": "Any problem", **PARTNER_OF_RECORD_WORDS}
    )

    pill_fields = (*SubscriptionFilterForm.pill_fields, "record")
    presets: ClassVar = (*SubscriptionFilterForm.presets, ("Partner of record problem", {"record": "problem"}))

    def filters(self) -> SubscriptionFilters:
        return replace(super().filters(), record=self.value("record"))


class OrderFilterForm(FilterForm):
    q = TextField()
    customer = CustomerField()

    pill_fields = ("customer",)

    def filters(self) -> OrderFilters:
        return OrderFilters(text=self.value("q"), customer=self.value("customer"))


class RenewalFilterForm(FilterForm):
    """The renewals of the next 90 days; fewer where `within` says so, those of one week where `week` does."""

    q = TextField()
    within = _choice("Within", "a number of days that can be chosen: 30 or 60", {n: f"{n} days" for n in (30, 60)}, int)
    outcome = _choice("End of term", "an end of a term", OUTCOME_WORDS)
    term = _choice("Term", "a term", TERM_WORDS)
    week = WeekField()
    customer = CustomerField()
    unpriced = _choice("Price", "a choice for the price", {"1": "Not known"})

    pill_fields = ("outcome", "term", "week", "customer", "unpriced")
    presets: ClassVar = (
        ("30 days", {"within": "30"}),
        ("60 days", {"within": "60"}),
        ("Extended term unasked", {"outcome": "silent_est"}),
        ("Price not known", {"unpriced": "1"}),
    )

    def filters(self) -> RenewalFilters:
        return RenewalFilters(
            text=self.value("q"),
            within=self.value("within") or 90,
            outcome=self.value("outcome"),
            term=self.value("term"),
            week=self.value("week"),
            customer=self.value("customer"),
            unpriced=bool(self.value("unpriced")),
        )

    def tabs(self, path: str) -> list[View]:
        """The saved views; what others call all are the next 90 days here."""
        return ninety_days(self, path)


def ninety_days(form: FilterForm, path: str) -> list[View]:
    everything, *others = form.views(path, everything=0)
    return [View("90 days", everything.url, everything.current), *others]


class PreviewFilterForm(FilterForm):
    """What the announced price list changes: the renewals of the next 90 days, or of a year."""

    within = _choice(
        "Within", "a number of days that can be chosen", {30: "30 days", 60: "60 days", 365: "1 year"}, int
    )
    change = _choice("Change", "a change of a price", CHANGE_WORDS)
    customer = CustomerField()

    pill_fields = ("within", "change", "customer")
    presets: ClassVar = (("Dearer", {"change": "dearer"}), ("Not comparable", {"change": "untold"}))

    def filters(self) -> RenewalFilters:
        return RenewalFilters(
            within=self.value("within") or 90,
            change=self.value("change") or "told",
            customer=self.value("customer"),
        )

    def tabs(self, path: str) -> list[View]:
        """The saved views; what others call all are the next 90 days here."""
        return ninety_days(self, path)


class TicketFilterForm(FilterForm):
    q = TextField()
    status = _choice(
        "Status",
        "a status of a ticket",
        {"not_closed": "Not closed", "attention_needed": "Attention needed", "closed": "Closed"},
    )

    pill_fields = ("status",)
    presets: ClassVar = (
        ("Not closed", {"status": "not_closed"}),
        ("Attention needed", {"status": "attention_needed"}),
    )

    def filters(self) -> TicketFilters:
        return TicketFilters(text=self.value("q"), state=self.value("status"))


class LineFilterForm(FilterForm):
    q = TextField()
    charge_type = _choice("Charge type", "a charge type", dict(ReconciliationLine.ChargeType.choices))
    customer = CustomerField()

    pill_fields = ("charge_type", "customer")

    def filters_of(self, month: date) -> LineFilters:
        return LineFilters(
            month=month,
            text=self.value("q"),
            customer=self.value("customer"),
            charge_type=self.value("charge_type"),
        )
