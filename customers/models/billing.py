"""Lines of the reconciliation file that this portal's own events cause. Contract §10.3."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from portal.core.scope import ScopedModel


class ReconciliationLine(ScopedModel):
    """One charge or credit of a month. Fields that the file repeats from customer, order or catalog are read there."""

    class ChargeType(models.TextChoices):
        """As the vendor writes them; compared case-insensitively."""

        NEW = "new", "New"
        RENEW = "renew", "Renew"
        CYCLE_CHARGE = "cycleCharge", "Cycle charge"
        ADD_QUANTITY = "addQuantity", "Add quantity"
        REMOVE_QUANTITY = "removeQuantity", "Remove quantity"
        MOVE_QUANTITY = "moveQuantity", "Move quantity"
        CANCEL_IMMEDIATE = "cancelImmediate", "Cancel immediate"
        CONVERT = "convert", "Convert"
        CHANGE_BILLING_PLAN = "changeBillingPlan", "Change billing plan"
        CUSTOMER_CREDIT = "customerCredit", "Customer credit"
        EXTEND_TERM = "extendTerm", "Extend term"

    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="reconciliation_lines", db_index=False
    )
    subscription = models.ForeignKey(
        "customers.Subscription", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    month = models.DateField(help_text="First day of the billing period, a calendar month")
    occurred_at = models.DateTimeField()
    charge_type = models.CharField(max_length=20, choices=ChargeType.choices)
    order_id = models.CharField(max_length=40, blank=True)
    order_at = models.DateTimeField(null=True, blank=True)
    offer_id = models.CharField(max_length=40)
    sku_name = models.CharField(max_length=300)
    term_duration = models.CharField(max_length=8, blank=True)
    billing_cycle = models.CharField(max_length=12, blank=True)
    quantity = models.IntegerField()
    billable_quantity = models.IntegerField(help_text="Negative on credits")
    # Of one charge cycle. Null where a fact was missing: `missing` says which.
    unit_price = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    effective_unit_price = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    subtotal = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    missing = models.CharField(max_length=200, blank=True, db_default="")
    currency = models.CharField(max_length=3, blank=True)
    charge_starts_at = models.DateTimeField()
    charge_ends_at = models.DateTimeField()
    promotion_id = models.CharField(max_length=40, blank=True)
    price_adjustment = models.CharField("PriceAdjustmentDescription", max_length=300, blank=True)
    partner_of_record = models.CharField(max_length=10, blank=True)
    # Links the lines of one event; for a credit of a ticket, the ticket's number.
    reference_id = models.CharField(max_length=40, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(month__day=1), name="reconciliation_month_is_first_day"),
            models.CheckConstraint(
                condition=Q(
                    missing="", unit_price__isnull=False, effective_unit_price__isnull=False, subtotal__isnull=False
                )
                | (~Q(missing="") & Q(unit_price=None, effective_unit_price=None, subtotal=None)),
                name="reconciliation_amount_or_reason",
            ),
            # A ticket is carried out once.
            models.UniqueConstraint(
                fields=["reference_id", "subscription"],
                condition=Q(charge_type="customerCredit"),
                name="reconciliation_credit_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["partner", "month", "id"], name="reconciliation_of_month"),
            models.Index(fields=["subscription", "month"], name="reconciliation_of_sub"),
            models.Index(fields=["partner", "month", "charge_type", "id"], name="reconciliation_of_type"),
            models.Index(fields=["customer", "month", "id"], name="reconciliation_of_customer"),
        ]

    def __str__(self) -> str:
        amount = "without an amount" if self.subtotal is None else f"{self.subtotal} {self.currency}"
        return f"{self.charge_type} {amount}"


class ReconciliationMonth(ScopedModel):
    """The sums of a month in one currency, kept with every line, so that no page adds up a million of them."""

    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="reconciliation_months")
    month = models.DateField()
    currency = models.CharField(max_length=3, blank=True)
    lines = models.PositiveIntegerField(default=0)
    charges = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    credits = models.DecimalField(max_digits=20, decimal_places=2, default=0, help_text="Never positive")
    without_amount = models.PositiveIntegerField(default=0)

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "month", "currency"], name="reconciliation_month_once"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%B %Y} {self.currency}".strip()
