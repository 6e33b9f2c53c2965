"""What the pages, the command and the tests call: ask, clear, rate, change a line."""

from assistant.services.changes import change_line
from assistant.services.conversations import (
    REASONS,
    ConversationNotFound,
    Exchange,
    TooManyQuestions,
    check_rate,
    clear,
    earlier,
    get,
    give_feedback,
    handle,
    turns,
)
from assistant.services.pages import NOWHERE, PageContext, look_at, of_cart

__all__ = [
    "NOWHERE",
    "REASONS",
    "ConversationNotFound",
    "Exchange",
    "PageContext",
    "TooManyQuestions",
    "change_line",
    "check_rate",
    "clear",
    "earlier",
    "get",
    "give_feedback",
    "handle",
    "look_at",
    "of_cart",
    "turns",
]
