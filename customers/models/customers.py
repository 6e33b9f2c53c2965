"""Customers of a partner and the indirect resellers between them. Contract §2."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import models

from customers.rules.vocabulary import SEGMENT_OF, Qualification
from portal.core.scope import ScopedModel
from portal.core.text import fold

# "Open" as the vendor writes it: a date that sorts last and compares like any other.
OPEN_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class IndirectReseller(ScopedModel):
    """A reseller that an indirect provider works with (PartnerRelationship)."""

    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="resellers")
    tenant_id = models.UUIDField("Microsoft ID")
    name = models.CharField(max_length=200)
    mpn_id = models.CharField("PartnerID (PLA)", max_length=10, blank=True)
    is_location_account = models.BooleanField(
        "PartnerID is a location account (PLA)", default=True, help_text="False: a global account (PGA), not accepted."
    )
    state = models.CharField(max_length=20, default="Active")
    country = models.CharField(max_length=2)
    relationship_type = models.CharField(max_length=60, default="is_indirect_cloud_solution_provider_of")

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "tenant_id"], name="reseller_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["partner", "mpn_id"], name="reseller_mpn")]

    def __str__(self) -> str:
        return self.name


class Customer(ScopedModel):
    """A customer tenant. `country` is the market; it picks price list and promotions."""

    customer_path = "id"

    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="customers")
    reseller = models.ForeignKey(
        IndirectReseller, null=True, blank=True, on_delete=models.SET_NULL, related_name="customers"
    )
    tenant_id = models.UUIDField("Microsoft ID")
    company_name = models.CharField(max_length=250)
    name_key = models.CharField(max_length=300, editable=False, help_text="company_name folded, to search and sort")
    domain = models.CharField("primary domain", max_length=253)
    country = models.CharField("market", max_length=2, help_text="ISO 3166 code of the billing address")
    qualification = models.CharField(
        max_length=30, default=Qualification.NONE, choices=[(q.value, q.value) for q in Qualification]
    )
    relationship_to_partner = models.CharField(max_length=30, default="reseller")
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=10, blank=True)
    city = models.CharField(max_length=100, blank=True)
    agreement_accepted_at = models.DateTimeField(
        "customer agreement accepted", null=True, blank=True, help_text="Empty: not known to be accepted."
    )
    created_at = models.DateTimeField()
    synced_at = models.DateTimeField("as of")

    # Summary of the subscriptions, kept by customers.services.customers.refresh_summaries.
    subscription_count = models.PositiveIntegerField(default=0, editable=False)
    license_count = models.PositiveIntegerField(default=0, editable=False)
    assigned_license_count = models.PositiveIntegerField(null=True, editable=False)
    next_term_ends_at = models.DateTimeField(default=OPEN_END, editable=False)
    # {"2026-12": {"renew": 2, "est": 1}} for the next twelve months.
    renewal_calendar = models.JSONField(default=dict, editable=False)
    est_count = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "tenant_id"], name="customer_once"),
            # Lets a subscription's (customer, partner) pair be a foreign key; see migration 0002.
            models.UniqueConstraint(fields=["id", "partner"], name="customer_partner_pair"),
            models.CheckConstraint(condition=~models.Q(company_name=""), name="customer_has_name"),
            models.CheckConstraint(
                condition=models.Q(qualification__in=[q.value for q in Qualification]), name="customer_qualification"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["partner", "name_key", "id"], name="customer_by_name"),
            models.Index(fields=["partner", "subscription_count", "id"], name="customer_by_subs"),
            models.Index(fields=["partner", "license_count", "id"], name="customer_by_licenses"),
            models.Index(fields=["partner", "next_term_ends_at", "id"], name="customer_by_next_end"),
            models.Index(fields=["partner", "domain"], name="customer_by_domain"),
            models.Index(fields=["partner", "country", "name_key", "id"], name="customer_by_market"),
            models.Index(
                fields=["partner", "name_key", "id"], name="customer_with_est", condition=models.Q(est_count__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.company_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = fold(self.company_name)[:300]
        super().save(*args, **kwargs)

    @property
    def segment(self) -> str:
        """The price list segment that the qualification leads to."""
        return SEGMENT_OF[Qualification(self.qualification)]
