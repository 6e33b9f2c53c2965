"""Subscriptions with all documented fields, and transitions with their events. Contract §3.2, §8.1."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from customers.models.customers import OPEN_END
from customers.rules.vocabulary import EndOfTerm, SubscriptionStatus
from portal.core.scope import ScopedModel
from portal.core.text import fold

# What makes a term one that ends soon (customers.queries.renewals.ahead), and what follows it.
AHEAD = ("commitment_ends_at", "status", "end_of_term", "renewal_is_rollover")


class Subscription(ScopedModel):
    """A subscription as the API returns it. `partner` repeats `customer.partner` so that every
    list index can start with it; a foreign key on the pair keeps the two from disagreeing (ADR 0011)."""

    customer_path = "customer_id"

    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.CASCADE, related_name="subscriptions", db_index=False
    )
    subscription_id = models.UUIDField()
    offer_id = models.CharField(max_length=40, help_text="productId:skuId:availabilityId; a GUID for legacy offers")
    # Parts of offer_id, empty for a legacy offer.
    product_id = models.CharField(max_length=12, blank=True)
    sku_id = models.CharField(max_length=4, blank=True)
    offer_name = models.CharField(max_length=300)
    friendly_name = models.CharField("name", max_length=300)
    name_key = models.CharField(max_length=300, editable=False, help_text="friendly_name folded, to search and sort")
    product_type = models.CharField(max_length=60, default="OnlineServicesNCE", blank=True)
    quantity = models.PositiveIntegerField("licenses")
    unit_type = models.CharField(max_length=30, default="Licenses", blank=True)
    parent_subscription_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField("creation date")
    effective_start_at = models.DateTimeField("term start")
    commitment_ends_at = models.DateTimeField("term end", default=OPEN_END, help_text="9999: no end")
    cancellation_allowed_until = models.DateTimeField(null=True, blank=True)
    billing_cycle_ends_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=[(s.value, s.value) for s in SubscriptionStatus])
    auto_renew_enabled = models.BooleanField(default=True)
    billing_type = models.CharField(max_length=10, default="license", blank=True)
    billing_cycle = models.CharField(max_length=12)
    term_duration = models.CharField(max_length=8, blank=True)
    renewal_term_duration = models.CharField(max_length=8, blank=True)
    is_trial = models.BooleanField(default=False)
    is_microsoft_product = models.BooleanField(default=True)
    has_purchasable_addons = models.BooleanField(default=False)
    actions = models.JSONField(default=list, blank=True)
    partner_of_record = models.CharField("partner of record (partnerId)", max_length=10, blank=True)
    promotion_id = models.CharField(max_length=40, blank=True)
    migrated_from_subscription_id = models.UUIDField(null=True, blank=True)
    refund_options = models.JSONField(default=list, blank=True)
    # refundableQuantity; null while suspended or when only the list was read.
    refundable_quantity = models.JSONField(null=True, blank=True)
    scheduled_next_term_instructions = models.JSONField(null=True, blank=True)
    scheduled_actions = models.JSONField(default=list, blank=True)
    next_charge_instructions = models.JSONField(null=True, blank=True)
    custom_term_ends_at = models.DateTimeField(null=True, blank=True)
    suspension_reasons = models.JSONField(default=list, blank=True)
    contract_type = models.CharField(max_length=20, default="subscription", blank=True)
    order_id = models.CharField(max_length=40, blank=True)
    entitlement_id = models.CharField(max_length=40, blank=True)
    consumption_type = models.CharField(max_length=20, blank=True)
    publisher_name = models.CharField(max_length=200, blank=True)
    attention_needed = models.BooleanField(default=False)
    action_taken = models.BooleanField(default=False)
    etag = models.CharField(max_length=120, blank=True)
    synced_at = models.DateTimeField("as of")

    # What the running term costs: per license for the whole term. Null where no order or price told us.
    unit_price = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    # From subscribedskus, where imported.
    assigned_licenses = models.PositiveIntegerField(null=True, blank=True)
    # The outcome that customers.rules.end_of_term decides; stored so that lists and files filter on it.
    end_of_term = models.CharField(
        max_length=14, choices=[(e.value, e.value) for e in EndOfTerm], default=EndOfTerm.NOT_APPLICABLE, editable=False
    )
    # What customers.rules.partner_of_record decides, stored for the same reason. Empty: not checked yet.
    partner_of_record_state = models.CharField(max_length=16, blank=True, db_default="", editable=False)
    # The upgraded subscription that this one duplicates, and until when help can be asked
    # (customers.rules.duplicates). Null: no duplicate.
    duplicate_of_id = models.UUIDField(null=True, blank=True, editable=False)
    duplicate_help_until = models.DateTimeField(null=True, blank=True, editable=False)
    # What customers.rules.renewals decides of what follows the term: what it costs a month, in the partner's billing
    # currency (0 where it is not priced), what the extended service term adds in percent, and whether it is a monthly
    # term that just goes on.
    renewal_per_month = models.DecimalField(max_digits=18, decimal_places=2, db_default=Decimal(0), editable=False)
    renewal_is_priced = models.BooleanField(db_default=False, editable=False)
    renewal_uplift = models.PositiveSmallIntegerField(null=True, editable=False)
    renewal_is_rollover = models.BooleanField(db_default=False, editable=False)
    # What the announced price list changes (customers.rules.price_preview), and by how much a month. Empty: nothing.
    renewal_preview = models.CharField(max_length=14, blank=True, db_default="", editable=False)
    renewal_change = models.DecimalField(max_digits=18, decimal_places=2, db_default=Decimal(0), editable=False)

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "subscription_id"], name="subscription_once"),
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in SubscriptionStatus]), name="subscription_status_known"
            ),
            models.CheckConstraint(
                condition=Q(end_of_term__in=[e.value for e in EndOfTerm]), name="subscription_end_of_term_known"
            ),
            models.CheckConstraint(
                condition=Q(unit_price__isnull=True) | ~Q(currency=""), name="subscription_price_has_currency"
            ),
        ]
        indexes: ClassVar = [
            # With the customer in it, a search by either name walks this index and no row; with AHEAD, so do the
            # renewals in any order, past the many that have no end.
            models.Index(
                fields=["partner", "name_key", "id"], include=["customer", *AHEAD], name="subscription_by_name"
            ),
            models.Index(
                fields=["partner", "quantity", "id"], include=["customer", *AHEAD], name="subscription_by_quantity"
            ),
            models.Index(fields=["partner", "status", "id"], name="subscription_by_status"),
            # The renewals chart counts and adds up a quarter of all rows and reads none of them.
            models.Index(
                fields=["partner", "commitment_ends_at", "id"],
                include=[
                    "status",
                    "end_of_term",
                    "term_duration",
                    "renewal_is_rollover",
                    "renewal_is_priced",
                    "renewal_per_month",
                ],
                name="subscription_by_end",
            ),
            models.Index(
                fields=["partner", "renewal_per_month", "id"],
                include=["customer", *AHEAD],
                name="subscription_by_stake",
            ),
            models.Index(
                fields=["partner", "commitment_ends_at", "id"],
                name="subscription_by_preview",
                condition=~Q(renewal_preview=""),
            ),
            models.Index(fields=["customer", "name_key", "id"], name="subscription_of_customer"),
            models.Index(fields=["partner", "end_of_term", "commitment_ends_at"], name="subscription_by_outcome"),
            models.Index(
                fields=["partner", "name_key", "id"],
                name="subscription_duplicates",
                condition=Q(duplicate_of_id__isnull=False),
            ),
            models.Index(
                fields=["partner", "partner_of_record_state", "id"],
                name="subscription_por_problem",
                condition=~Q(partner_of_record_state__in=["", "valid"]),
            ),
        ]

    def __str__(self) -> str:
        return self.friendly_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = fold(self.friendly_name)[:300]
        super().save(*args, **kwargs)

    @property
    def is_legacy(self) -> bool:
        """An offer id without parts is a GUID: the legacy commerce."""
        return not self.product_id

    @property
    def has_no_end(self) -> bool:
        return self.commitment_ends_at.year == OPEN_END.year


class HiddenNotice(ScopedModel):
    """A notice on a subscription's page that one person put away."""

    partner_path = "subscription__partner_id"
    customer_path = "subscription__customer_id"

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="hidden_notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    notice = models.CharField(max_length=20)
    hidden_at = models.DateTimeField()

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subscription", "user", "notice"], name="notice_hidden_once"),
        ]

    def __str__(self) -> str:
        return f"{self.notice} of {self.subscription_id}"


class Transition(ScopedModel):
    """An upgrade from one subscription to another. Ids, not foreign keys: either end may not be imported."""

    partner_path = "customer__partner_id"
    customer_path = "customer_id"

    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="transitions")
    operation_id = models.UUIDField(default=uuid.uuid4)
    from_catalog_item_id = models.CharField(max_length=40)
    from_subscription_id = models.UUIDField()
    to_catalog_item_id = models.CharField(max_length=40)
    to_subscription_id = models.UUIDField(null=True, blank=True)
    quantity = models.PositiveIntegerField()
    term_duration = models.CharField(max_length=8, blank=True)
    billing_cycle = models.CharField(max_length=12, blank=True)
    transition_type = models.CharField(max_length=40)
    promotion_id = models.CharField(max_length=40, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer", "operation_id"], name="transition_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["from_subscription_id"], name="transition_from"),
            models.Index(fields=["to_subscription_id"], name="transition_to"),
        ]

    def __str__(self) -> str:
        return f"{self.from_catalog_item_id} → {self.to_catalog_item_id}"


class TransitionEvent(ScopedModel):
    """One step of a transition, as the API reports it (Conversion, LicenseReassignment)."""

    partner_path = "transition__customer__partner_id"
    customer_path = "transition__customer_id"

    transition = models.ForeignKey(Transition, on_delete=models.CASCADE, related_name="events")
    name = models.CharField(max_length=40)
    status = models.CharField(max_length=20)
    occurred_at = models.DateTimeField()
    errors = models.JSONField(default=list, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        ordering: ClassVar = ["occurred_at", "id"]

    def __str__(self) -> str:
        return f"{self.name} {self.status}"
