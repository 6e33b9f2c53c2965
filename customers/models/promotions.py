"""Promotions with their constraints, and the customers a targeted one is assigned to. Contract §6."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from customers.models.catalog import CYCLE_CHOICES
from customers.rules.vocabulary import Segment
from portal.core.scope import ScopedModel


class Promotion(models.Model):
    """A discount of the vendor, in one market and segment. The constraint lists keep the API's own shape."""

    promotion_id = models.CharField(max_length=40)
    country = models.CharField(max_length=2)
    segment = models.CharField(max_length=12, choices=[(s.value, s.value) for s in Segment])
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="The last moment it can be had, inclusive.")
    is_auto_applicable = models.BooleanField(default=True)
    is_targeted = models.BooleanField(default=False, help_text="Only for customers it is assigned to.")
    seat_constraints = models.JSONField(default=list, blank=True)
    asset_ownership_limits = models.JSONField(default=list, blank=True)
    eligibility_constraints = models.JSONField(default=list, blank=True)
    product_ownership_constraints = models.JSONField(default=list, blank=True)
    imported_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["promotion_id", "country", "segment"], name="promotion_once"),
            models.CheckConstraint(condition=Q(ends_at__gte=F("starts_at")), name="promotion_period_forward"),
        ]
        indexes: ClassVar = [models.Index(fields=["country", "segment", "ends_at"], name="promotion_by_market")]

    def __str__(self) -> str:
        return self.name


class PromotionProduct(models.Model):
    """One (product, SKU, term, cycle) that a promotion covers, with its discount (requiredProducts)."""

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="required_products")
    product_id = models.CharField(max_length=12)
    sku_id = models.CharField(max_length=4)
    term_duration = models.CharField(max_length=8)
    billing_cycle = models.CharField(max_length=12, choices=CYCLE_CHOICES)
    policy_type = models.CharField(max_length=40, default="PercentDiscount")
    value = models.DecimalField(max_digits=12, decimal_places=6, help_text="A fraction for PercentDiscount: 0.25")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["promotion", "product_id", "sku_id", "term_duration", "billing_cycle", "policy_type"],
                name="promotion_product_once",
            ),
            models.CheckConstraint(condition=Q(value__gte=0), name="promotion_value_not_negative"),
        ]
        indexes: ClassVar = [models.Index(fields=["product_id", "sku_id"], name="promotion_product_sku")]

    def __str__(self) -> str:
        return f"{self.product_id}:{self.sku_id} {self.term_duration}/{self.billing_cycle}"


class PromotionAssignment(ScopedModel):
    """A targeted promotion assigned to one customer."""

    partner_path = "customer__partner_id"
    customer_path = "customer_id"

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="assignments")
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="promotion_assignments")
    assigned_at = models.DateTimeField()

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["promotion", "customer"], name="promotion_assignment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.promotion} for {self.customer}"
