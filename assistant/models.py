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
