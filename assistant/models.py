"""Conversations with the assistant: what was said, what was understood, what was thought of it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.core.scope import ScopedModel


class Conversation(ScopedModel):
    """One person's talk with the assistant in one tenant. `state` is the dialogue's memory."""

    conversation_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="conversations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    title = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True, help_text="Set when the person starts a new one.")
    state = models.JSONField(default=dict, blank=True)
    # The page that it is looking at: {"kind": "cart_line", "id": "...", "label": "..."}.
    context = models.JSONField(default=dict, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        indexes: ClassVar = [
            models.Index(fields=["user", "partner", "-modified_at"], name="conversation_of_user"),
        ]

    def __str__(self) -> str:
        return self.title or str(self.conversation_id)


class Turn(ScopedModel):
    """One thing said, by the person or by the assistant. `answer` is data; templates escape it."""

    partner_path = "conversation__partner_id"

    class Speaker(models.TextChoices):
        PERSON = "person", "Person"
        ASSISTANT = "assistant", "Assistant"
        SYSTEM = "system", "System"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    number = models.PositiveIntegerField()
    speaker = models.CharField(max_length=9, choices=Speaker.choices)
    text = models.TextField()
    origin = models.CharField(max_length=60, blank=True, help_text="Where a filled-in prompt came from")
    skill = models.CharField(max_length=40, blank=True)
    slots = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=20, blank=True)
    answer = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    # One submission of the composer, so that a double click asks once.
    submission_key = models.UUIDField(null=True, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "number"], name="turn_once"),
            models.UniqueConstraint(fields=["conversation", "submission_key"], name="turn_submission_once"),
            models.CheckConstraint(
                condition=Q(speaker__in=["person", "assistant", "system"]), name="turn_speaker_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.speaker}: {self.text[:60]}"


class Feedback(ScopedModel):
    """Thumbs up or down on an answer, for staff to read."""

    partner_path = "turn__conversation__partner_id"

    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="feedback")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    helpful = models.BooleanField()
    reason = models.CharField(max_length=40, blank=True)
    text = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name_plural = "feedback"
        constraints: ClassVar = [models.UniqueConstraint(fields=["turn", "user"], name="feedback_once")]

    def __str__(self) -> str:
        return "Helpful" if self.helpful else f"Not helpful: {self.reason}"


class Proposal(ScopedModel):
    """Changes to duplicates that wait for a person's approval, and what became of them.

    Bound to one person, tenant and conversation, and to `content`: whoever shows or checks the verification ID derives
    it from all of these (services/proposals.py), so that only its hash stands here.
    """

    class State(models.TextChoices):
        ELIGIBLE = "eligible", "Waits for the verification ID"
        CONTACT = "contact", "Approved, waits for contact details"
        TICKET = "ticket", "Ticket created"
        VOID = "void", "Void after wrong IDs"
        EXPIRED = "expired", "Expired"
        CHANGED = "changed", "The subscription changed"
        STOPPED = "stopped", "Stopped by the person"
        REPLACED = "replaced", "Replaced by a newer one"

    proposal_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="proposals")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="proposals")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="proposals")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ELIGIBLE)
    content = models.JSONField(help_text="The exact changes, as they were shown")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the content as canonical JSON")
    code_hash = models.CharField(max_length=64, help_text="Keyed hash of the verification ID")
    wrong_entries = models.PositiveSmallIntegerField(default=0)
    contact_email = models.CharField(max_length=254, blank=True)
    contact_phone = models.CharField(max_length=60, blank=True)
    ticket_id = models.CharField(max_length=16, blank=True)
    # One entry for each submission of a form, so that a repeated post shows the first result.
    steps = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        base_manager_name = "unscoped"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            # What waits in a conversation is one thing: a newer one replaces it.
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(state__in=["eligible", "contact"]), name="proposal_open_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="ticket") | Q(approved_at__isnull=False) & ~Q(ticket_id=""),
                name="proposal_ticket_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"Proposal {self.proposal_id}"

    @property
    def is_open(self) -> bool:
        return self.state in {self.State.ELIGIBLE, self.State.CONTACT}


class Allowance(ScopedModel):
    """How many questions one person asked since a moment. One row a person, changed by one statement: it holds for all
    processes together."""

    partner = models.ForeignKey("core.Partner", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    started_at = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [models.UniqueConstraint(fields=["partner", "user"], name="allowance_once")]

    def __str__(self) -> str:
        return f"{self.count} since {self.started_at}"
