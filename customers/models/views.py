"""What a person keeps of the lists."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from portal.core.scope import ScopedModel


class SavedView(ScopedModel):
    """Filters of one list under a name, for one person in one tenant."""

    class Listing(models.TextChoices):
        CUSTOMERS = "customers", "Customers"
        SUBSCRIPTIONS = "subscriptions", "Subscriptions"
        RENEWALS = "renewals", "Renewals"
        PRICES = "prices", "Announced prices"
        SUPPORT = "support", "Help + support"

    view_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    listing = models.CharField("list", max_length=20, choices=Listing.choices)
    name = models.CharField(max_length=60)
    query = models.TextField(help_text="The filters as they stand in the address of the list.")
    created_at = models.DateTimeField()

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.UniqueConstraint("partner", "user", "listing", Lower("name"), name="saved_view_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
