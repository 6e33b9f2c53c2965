"""Conversations and what people thought of the answers, for staff to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from assistant.models import Conversation, Feedback, Turn
from portal.core.scoped_admin import ReadOnlyInline, ReadOnlyMixin, ScopedAdmin


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

    @admin.display
    def skill(self, feedback: Feedback) -> str:
        return feedback.turn.skill

    @admin.display
    def conversation(self, feedback: Feedback) -> Any:
        return feedback.turn.conversation
