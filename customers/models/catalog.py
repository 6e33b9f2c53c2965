"""Products, SKUs, availabilities, price rows, upgrade paths: reference data of no tenant. Contract §4, §5, §8.4."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from customers.rules.vocabulary import BillingCycle, PriceView, Segment, Term
from portal.core.text import fold


class Product(models.Model):
    product_id = models.CharField(max_length=12, unique=True)
    title = models.CharField(max_length=300)
    publisher = models.CharField(max_length=200, blank=True)
    product_type = models.CharField(max_length=60, default="OnlineServicesNCE")

    def __str__(self) -> str:
        return self.title


class Sku(models.Model):
    """A SKU under a product, with what the offer matrix says of it."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="skus")
    sku_id = models.CharField(max_length=4)
    title = models.CharField(max_length=300)
    title_key = models.CharField(max_length=300, editable=False, help_text="title folded, to search and sort")
    description = models.TextField(blank=True)
    unit_of_measure = models.CharField(max_length=60, blank=True)
    min_licenses = models.PositiveIntegerField(null=True, blank=True)
    max_licenses = models.PositiveIntegerField(null=True, blank=True)
    asset_ownership_limit = models.PositiveIntegerField(null=True, blank=True)
    asset_ownership_limit_type = models.CharField(max_length=30, blank=True)
    is_trial = models.BooleanField(default=False)
    is_addon = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product", "sku_id"], name="sku_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["title_key", "id"], name="sku_by_title")]

    def __str__(self) -> str:
        return f"{self.title} ({self.reference})"

    def save(self, *args: object, **kwargs: object) -> None:
        self.title_key = fold(self.title)[:300]
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @property
    def reference(self) -> str:
        """`productId:skuId`. Needs `product` loaded."""
        return f"{self.product.product_id}:{self.sku_id}"


class Availability(models.Model):
    """A sellable form of a SKU in one market and segment. Its id changes over time: never a key."""

    sku = models.ForeignKey(Sku, on_delete=models.CASCADE, related_name="availabilities")
    availability_id = models.CharField(max_length=12)
    segment = models.CharField(max_length=12, choices=[(s.value, s.value) for s in Segment])
    country = models.CharField(max_length=2)
    is_purchasable = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "availabilities"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sku", "segment", "country", "availability_id"], name="availability_once"),
        ]

    def __str__(self) -> str:
        return self.availability_id


class PriceList(models.Model):
    """One imported file."""

    view = models.CharField(max_length=8, choices=[(v.value, v.value) for v in PriceView])
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    imported_at = models.DateTimeField()
    row_count = models.PositiveIntegerField()
    added_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    unchanged_count = models.PositiveIntegerField(default=0)
    withdrawn_count = models.PositiveIntegerField(default=0)
    skipped_count = models.PositiveIntegerField(default=0)

    class Meta:
        get_latest_by = "imported_at"
        indexes: ClassVar = [models.Index(fields=["view", "-imported_at"], name="price_list_latest")]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.view}, {self.imported_at:%d %b %Y})"


class PriceRow(models.Model):
    """One line of a price list. `unit_price` is per license for the whole term, whatever the plan (§5.2)."""

    # No constraint and no index of their own: 500,000 rows at once would pay more for these than for the rows.
    # The importer takes both ids from the tables themselves, and price_row_once begins with the SKU.
    price_list = models.ForeignKey(
        PriceList, on_delete=models.PROTECT, related_name="rows", db_constraint=False, db_index=False
    )
    view = models.CharField(max_length=8, choices=[(v.value, v.value) for v in PriceView])
    sku = models.ForeignKey(
        Sku, on_delete=models.CASCADE, related_name="price_rows", db_constraint=False, db_index=False
    )
    term_duration = models.CharField(max_length=8, help_text="P1M, P1Y, P3Y; others as the list has them")
    billing_plan = models.CharField(max_length=12, choices=[(c.value, c.value) for c in BillingCycle])
    market = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    segment = models.CharField(max_length=12, choices=[(s.value, s.value) for s in Segment])
    pricing_tier_min = models.PositiveIntegerField(default=0)
    pricing_tier_max = models.PositiveIntegerField(null=True, blank=True)
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)
    erp_price = models.DecimalField("ERP price", max_digits=18, decimal_places=6, null=True, blank=True)
    effective_start_at = models.DateTimeField()
    effective_end_at = models.DateTimeField(help_text="Exclusive. 9999 means open.")
    tags = models.CharField(max_length=200, blank=True)
    change_indicator = models.CharField(max_length=20, blank=True)
    end_of_sale_at = models.DateTimeField(null=True, blank=True)
    # Set when a later file of the same view and market no longer has the row. Withdrawn rows price nothing.
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "sku",
                    "market",
                    "view",
                    "segment",
                    "currency",
                    "term_duration",
                    "billing_plan",
                    "pricing_tier_min",
                    "effective_start_at",
                ],
                name="price_row_once",
            ),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="price_not_negative"),
            models.CheckConstraint(
                condition=Q(effective_end_at__gt=F("effective_start_at")), name="price_period_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.term_duration}/{self.billing_plan} {self.market} {self.unit_price} {self.currency}"


class UpgradePath(models.Model):
    """From one SKU up to another, as a monthly sheet or the offer matrix lists it."""

    class Source(models.TextChoices):
        MANY_TO_ONE = "many_to_one", "Many-to-one upgrade list"
        OFFER_MATRIX = "offer_matrix", "Offer matrix"

    month = models.DateField(help_text="First day of the month of the sheet")
    source = models.CharField(max_length=12, choices=Source.choices)
    from_product_id = models.CharField(max_length=12)
    from_sku_id = models.CharField(max_length=4)
    from_title = models.CharField(max_length=300, blank=True)
    to_product_id = models.CharField(max_length=12)
    to_sku_id = models.CharField(max_length=4)
    to_title = models.CharField(max_length=300, blank=True)
    included_products = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["month", "source", "from_product_id", "from_sku_id", "to_product_id", "to_sku_id"],
                name="upgrade_path_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_product_id}:{self.from_sku_id} → {self.to_product_id}:{self.to_sku_id}"


class LegacyOfferMapping(models.Model):
    """What a legacy offer becomes in the new commerce (tab "NCE Mapping" of the legacy offer matrix)."""

    legacy_offer_id = models.CharField(max_length=40, unique=True)
    legacy_title = models.CharField(max_length=300, blank=True)
    product_id = models.CharField(max_length=12)
    sku_id = models.CharField(max_length=4)
    migration_enabled = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.legacy_title or self.legacy_offer_id} → {self.product_id}:{self.sku_id}"


TERM_CHOICES = [(t.value, t.value) for t in Term]
CYCLE_CHOICES = [(c.value, c.value) for c in BillingCycle]
