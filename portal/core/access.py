"""What a role may do, and the mark that each view carries: needs(...) or public(reason=...)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.core.scope import Scope

MARKER = "portal_access"


class Role(models.TextChoices):
    ADMIN_AGENT = "admin_agent", "Admin agent"
    SALES_AGENT = "sales_agent", "Sales agent"
    HELPDESK_AGENT = "helpdesk_agent", "Helpdesk agent"
    BILLING_ADMIN = "billing_admin", "Billing admin"


class PartnerKind(models.TextChoices):
    DIRECT_BILL = "direct_bill", "Direct-bill partner"
    INDIRECT_PROVIDER = "indirect_provider", "Indirect provider"
    INDIRECT_RESELLER = "indirect_reseller", "Indirect reseller"


EVERYONE = frozenset(Role.values)
CAPABILITIES: dict[str, frozenset[str]] = {
    "view": EVERYONE,
    "sell": frozenset({Role.ADMIN_AGENT, Role.SALES_AGENT}),
    "support": EVERYONE,
    # Invoices and reconciliation: the vendor's own table lets an admin and billing people see them, nobody else.
    "billing": frozenset({Role.ADMIN_AGENT, Role.BILLING_ADMIN}),
    "download": EVERYONE,
    "download_all": frozenset({Role.ADMIN_AGENT, Role.SALES_AGENT}),
    "schedule": frozenset({Role.ADMIN_AGENT}),
}
# What a kind of partner may never do, whatever the role says: an indirect reseller cannot transact.
CLOSED_TO_KIND: dict[str, frozenset[str]] = {PartnerKind.INDIRECT_RESELLER: frozenset({"sell"})}

View = Callable[..., HttpResponseBase]


def can(scope: Scope, capability: str) -> bool:
    """May this scope do it? The operator's staff work in the admin, so a page refuses them."""
    if capability in CLOSED_TO_KIND.get(scope.partner_kind, frozenset()):
        return False
    return bool(scope.roles & CAPABILITIES[capability])


def require(scope: Scope, capability: str) -> None:
    """Raise PermissionDenied unless the scope has the capability. For services that write."""
    if not can(scope, capability):
        raise PermissionDenied(why_not(scope, capability))


def why_not(scope: Scope, capability: str) -> str:
    """One sentence for the page that refuses."""
    if capability in CLOSED_TO_KIND.get(scope.partner_kind, frozenset()):
        return "An indirect reseller can look but not transact. Your indirect provider places the order."
    if not scope.roles:
        return "Your account belongs to no partner. Ask the operator of this portal."
    may = " or ".join(Role(role).label for role in Role.values if role in CAPABILITIES[capability])
    return f"This needs the role {may}. Ask an admin agent of your company."


def needs(capability: str) -> Callable[[View], View]:
    """Only people with this capability may open the view."""
    if capability not in CAPABILITIES:
        raise ValueError(f"unknown capability {capability!r}")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require(request.scope, capability)  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        setattr(guarded, MARKER, capability)
        return guarded

    return decorate


def public(*, reason: str) -> Callable[[View], View]:
    """Open without a sign-in, for the reason given."""

    def decorate(view: View) -> View:
        setattr(view, MARKER, f"public: {reason}")
        return view

    return decorate


def signed_in(*, reason: str) -> Callable[[View], View]:
    """Open to every signed-in person, with or without a partner."""

    def decorate(view: View) -> View:
        setattr(view, MARKER, f"signed in: {reason}")
        return view

    return decorate
