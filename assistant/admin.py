"""Conversations and what people thought of the answers, for staff to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from assistant.models import Allowance, Conversation, Feedback, Proposal, Turn
from portal.core.scoped_admin import ReadOnlyInline, ReadOnlyMixin, ScopedAdmin

SHOWN = 20  # turns of a transcript


class TurnInline(ReadOnlyInline):
    model = Turn
    fields = ("number", "speaker", "text", "skill", "status", "origin", "created_at")
    verbose_name_plural = "transcript"


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("title", "partner", "user", "created_at", "modified_at", "cleared_at")
    list_select_related = ("partner", "user")
    list_filter = ("partner",)
    search_fields = ("=conversation_id", "title", "=user__email")
    search_help_text = "Whole conversation ID or e-mail address, or a part of the title."
    sortable_by = ()
    inlines = (TurnInline,)


@admin.register(Turn)
class TurnAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("created_at", "conversation", "number", "speaker", "text", "skill", "status")
    list_select_related = ("conversation",)
    list_filter = ("speaker",)
    search_fields = ("text", "=skill", "=conversation__conversation_id")
    sortable_by = ()


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("created_at", "helpful", "reason", "text", "skill", "conversation", "user")
    list_select_related = ("turn__conversation", "user")
    list_filter = ("helpful", "reason")
    search_fields = ("text", "=turn__skill", "=user__email")
    sortable_by = ()
    fields = ("created_at", "user", "helpful", "reason", "text", "skill", "conversation", "transcript")
    readonly_fields = ("skill", "conversation", "transcript")

    @admin.display
    def skill(self, feedback: Feedback) -> str:
        return feedback.turn.skill

    @admin.display
    def conversation(self, feedback: Feedback) -> Any:
        talk = feedback.turn.conversation
        return format_html('<a href="{}">{}</a>', reverse("admin:assistant_conversation_change", args=[talk.pk]), talk)

    @admin.display
    def transcript(self, feedback: Feedback) -> str:
        """What was said up to the answer that was rated; the whole talk is behind the conversation."""
        rated = feedback.turn
        turns = rated.conversation.turns.filter(number__lte=rated.number).order_by("-number")[:SHOWN]
        rows = [(turn.get_speaker_display(), turn.text) for turn in reversed(turns)]
        return format_html_join("", "<p><b>{}</b><br>{}</p>", rows)


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyMixin, ScopedAdmin):
    """Changes that wait for a person's approval. The hash of the verification ID is of no use to anybody here."""

    list_display = (
        "created_at",
        "state",
        "partner",
        "user",
        "conversation",
        "ticket_id",
        "wrong_entries",
        "expires_at",
    )
    list_select_related = ("partner", "user", "conversation")
    list_filter = ("state", "partner")
    search_fields = ("=ticket_id", "=user__email", "=conversation__conversation_id")
    sortable_by = ()
    exclude = ("code_hash", "digest", "steps")


@admin.register(Allowance)
class AllowanceAdmin(ReadOnlyMixin, ScopedAdmin):
    list_display = ("user", "partner", "started_at", "count")
    list_select_related = ("user", "partner")
    search_fields = ("=user__email",)
    sortable_by = ()
