"""The subscriptions list as a Django project usually writes it: django-tables2 with its Bootstrap template and a Paginator."""

from __future__ import annotations

from typing import Any

import django_tables2
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path
from django_tables2 import RequestConfig

from customers.models import Subscription
from customers.tables import pieces
from portal.core import clock
from portal.core.access import needs

PAGE = """{% extends "base.html" %}{% load django_tables2 %}{% block title %}Subscriptions{% endblock %}
{% block main %}<h1>Subscriptions</h1>{% render_table table "django_tables2/bootstrap5.html" %}{% endblock %}"""


class StockTable(django_tables2.Table):
    friendly_name = django_tables2.Column(
        "Subscription", linkify=("customers:subscription", [django_tables2.A("subscription_id")])
    )
    customer = django_tables2.Column(
        "Customer",
        accessor="customer__company_name",
        linkify=("customers:customer", [django_tables2.A("customer__tenant_id")]),
    )
    quantity = django_tables2.Column("Licenses")
    term_duration = django_tables2.Column("Term and billing")
    commitment_ends_at = django_tables2.Column("Term ends")
    end_of_term = django_tables2.Column("What happens then")
    status = django_tables2.Column("Status")

    def render_quantity(self, record: Subscription) -> Any:
        return pieces.licenses(record.assigned_licenses, record.quantity)

    def render_term_duration(self, record: Subscription) -> str:
        return pieces.term(record.term_duration, record.billing_cycle)

    def render_commitment_ends_at(self, value: Any) -> Any:
        return pieces.ends(value, clock.now())

    def render_end_of_term(self, value: Any, record: Subscription) -> Any:
        return pieces.outcome(record.end_of_term)

    def render_status(self, value: Any, record: Subscription) -> Any:
        return pieces.status(record.status)


@needs("view")
def stock(request: HttpRequest) -> HttpResponse:
    rows = Subscription.objects.within(request.scope).select_related("customer").order_by("name_key", "id")
    table = StockTable(rows, order_by=())
    RequestConfig(request, paginate={"per_page": 50}).configure(table)
    return HttpResponse(engines["django"].from_string(PAGE).render({"table": table}, request))


urlpatterns = [path("stock/", stock), path("", include("portal.urls"))]
