"""Carts and orders with their lines. Contract §7."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from customers.models.catalog import CYCLE_CHOICES, TERM_CHOICES
from customers.rules.vocabulary import CartStatus
from portal.core.scope import ScopedModel


class Cart(ScopedModel):
    """What a partner is about to order for one customer. Gone after `expires_at`."""

    partner_path = "customer__partner_id"
    customer_path = "customer_id"

    cart_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="carts")
    status = models.CharField(max_length=8, choices=[(s.value, s.value) for s in CartStatus], default=CartStatus.ACTIVE)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    modified_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    attestation_accepted = models.BooleanField("partner of record attestation accepted", default=False)
    # Counts up with every change, of a line too: a form that carries an older number changes nothing.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        base_manager_name = "unscoped"
        indexes: ClassVar = [models.Index(fields=["customer", "status", "-modified_at"], name="cart_of_customer")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=[s.value for s in CartStatus]), name="cart_status_known"),
        ]

    def __str__(self) -> str:
        return f"Cart for {self.customer}"


class CartLine(ScopedModel):
    """One line of a cart. The catalog is named by SKU; the availability is read again before ordering."""

    partner_path = "cart__customer__partner_id"
    customer_path = "cart__customer_id"

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(help_text="From 1, as shown; the API counts from 0")
    sku = models.ForeignKey("customers.Sku", on_delete=models.PROTECT, related_name="+")
    friendly_name = models.CharField(max_length=300, blank=True)
    quantity = models.PositiveIntegerField()
    term_duration = models.CharField(max_length=8, choices=TERM_CHOICES)
    billing_cycle = models.CharField(max_length=12, choices=CYCLE_CHOICES)
    # PLA id of the reseller of record (participants: transaction_reseller).
    partner_of_record = models.CharField(max_length=10, blank=True)
    # One submission of "Add to cart", so that a double click adds one line.
    submission_key = models.UUIDField(null=True, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cart", "number"], name="cart_line_once"),
            models.UniqueConstraint(fields=["cart", "submission_key"], name="cart_line_submission_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="cart_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"Line {self.number}"


class Order(ScopedModel):
    partner_path = "customer__partner_id"
    customer_path = "customer_id"

    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="orders")
    order_id = models.CharField(max_length=40)
    alternate_id = models.CharField(max_length=40, blank=True)
    cart = models.ForeignKey(Cart, null=True, blank=True, on_delete=models.SET_NULL, related_name="orders")
    billing_cycle = models.CharField(max_length=12, blank=True)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=24, default="completed")
    transaction_type = models.CharField(max_length=20, default="UserPurchase")
    created_at = models.DateTimeField()
    total_price = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    attestation_accepted = models.BooleanField(default=False)

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [models.UniqueConstraint(fields=["customer", "order_id"], name="order_once")]
        indexes: ClassVar = [
            models.Index(fields=["customer", "-created_at"], name="order_of_customer"),
            models.Index(fields=["order_id"], name="order_by_id"),
            # The list begins with the newest; a partner's orders are picked out on the way.
            models.Index(fields=["created_at", "id"], name="order_by_date"),
        ]

    def __str__(self) -> str:
        return self.order_id


class OrderLine(ScopedModel):
    partner_path = "order__customer__partner_id"
    customer_path = "order__customer_id"

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    offer_id = models.CharField(max_length=40)
    subscription_id = models.UUIDField(null=True, blank=True)
    friendly_name = models.CharField(max_length=300, blank=True)
    quantity = models.PositiveIntegerField()
    term_duration = models.CharField(max_length=8, blank=True)
    billing_cycle = models.CharField(max_length=12, blank=True)
    promotion_id = models.CharField(max_length=40, blank=True)
    transaction_type = models.CharField(max_length=20, default="new")
    partner_of_record = models.CharField(max_length=10, blank=True)
    list_price = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    unit_price = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "number"], name="order_line_once")]
        indexes: ClassVar = [models.Index(fields=["subscription_id"], name="order_line_subscription")]

    def __str__(self) -> str:
        return f"{self.order} line {self.number}"
