"""Support tickets with their notes (ServiceRequest). Contract §12."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.core.scope import ScopedModel


class Ticket(ScopedModel):
    class Status(models.TextChoices):
        OPEN = "open", "Open"
        ATTENTION_NEEDED = "attention_needed", "Attention needed"
        CLOSED = "closed", "Closed"

    class Kind(models.TextChoices):
        GENERAL = "general", "General"
        DUPLICATE = "duplicate", "Duplicate after an upgrade"

    class Step(models.TextChoices):
        """Where staff stand with it; `status` is the vendor's coarser word."""

        SUBMITTED = "submitted", "Submitted"
        IN_REVIEW = "in_review", "In review"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        CLOSED = "closed", "Closed"

    class Workspace(models.TextChoices):
        """What a general request is about."""

        CUSTOMERS = "customers", "Customers"
        SUBSCRIPTIONS = "subscriptions", "Subscriptions"
        CATALOG = "catalog", "Catalog, carts and orders"
        BILLING = "billing", "Billing"
        DOWNLOADS = "downloads", "Downloads"
        ASSISTANT = "assistant", "Assistant"
        ACCOUNT = "account", "Account and roles"

    class ProblemType(models.TextChoices):
        WRONG_DATA = "wrong_data", "Something shown is wrong or missing"
        ERROR = "error", "Something does not work"
        PRICE = "price", "A price, promotion or charge"
        CHANGE = "change", "A change that I cannot make myself"
        ACCESS = "access", "Access or roles"
        QUESTION = "question", "A question"

    class Severity(models.TextChoices):
        CRITICAL = "critical", "Critical"
        MODERATE = "moderate", "Moderate"
        MINIMAL = "minimal", "Minimal"

    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="tickets")
    customer = models.ForeignKey(
        "customers.Customer", null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets"
    )
    ticket_id = models.CharField(max_length=16, unique=True, help_text="16 digits, as in ?tid=")
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.OPEN)
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.MINIMAL)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.GENERAL, db_default=Kind.GENERAL)
    step = models.CharField(max_length=10, choices=Step.choices, default=Step.SUBMITTED, db_default=Step.SUBMITTED)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    taken_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(max_length=500, blank=True, db_default="")
    # The upgraded subscription of a duplicate ticket, and the checks as they stood when it was made.
    upgraded_subscription_id = models.UUIDField(null=True, blank=True)
    decision = models.JSONField(default=list, blank=True)
    workspace = models.CharField(max_length=16, choices=Workspace.choices, blank=True, db_default="")
    problem_type = models.CharField(max_length=16, choices=ProblemType.choices, blank=True, db_default="")
    # What the person typed to approve a duplicate request, and the conversation that it was made in.
    verification_id = models.CharField(max_length=20, blank=True, db_default="")
    conversation_id = models.UUIDField(null=True, blank=True)
    # The same key asks for the same ticket: a form that is sent twice makes one.
    idempotency_key = models.CharField(max_length=64, blank=True, db_default="", editable=False)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ticket_id__regex=r"^[0-9]{15,16}$"), name="ticket_id_digits"),
            models.UniqueConstraint(
                fields=["partner", "created_by", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="ticket_made_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["partner", "status", "-created_at"], name="ticket_of_partner"),
            models.Index(fields=["partner", "-created_at", "id"], name="ticket_by_date"),
            models.Index(fields=["created_by", "-created_at", "id"], name="ticket_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.title}"


class TicketNote(ScopedModel):
    partner_path = "ticket__partner_id"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="notes")
    created_by_name = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    text = models.TextField()
    by_staff = models.BooleanField("written by staff", default=False, db_default=False)

    class Meta:
        base_manager_name = "unscoped"
        ordering: ClassVar = ["created_at", "id"]

    def __str__(self) -> str:
        return f"Note of {self.created_by_name}"


class TicketAction(ScopedModel):
    """One change that a ticket asks for: a duplicate to cancel, or to reduce to `to_quantity` licenses."""

    partner_path = "ticket__partner_id"

    class Kind(models.TextChoices):
        CANCEL = "cancel", "Cancel"
        REDUCE = "reduce", "Reduce"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="actions")
    subscription = models.ForeignKey("customers.Subscription", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    from_quantity = models.PositiveIntegerField()
    to_quantity = models.PositiveIntegerField()
    # The estimate shown before approval, as a positive amount; null when a fact was missing.
    refund_estimate = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    executed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket", "subscription"], name="ticket_action_once"),
            models.CheckConstraint(
                condition=Q(to_quantity__lt=models.F("from_quantity")), name="ticket_action_reduces"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.from_quantity} to {self.to_quantity}"
