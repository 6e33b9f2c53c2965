"""What the pages, the command and the tests call: ask, clear, rate, change a line."""

from assistant.services import steps
from assistant.services.allowance import TooManyQuestions, check_rate
from assistant.services.changes import change_line, keep_line
from assistant.services.conversations import (
    REASONS,
    ConversationNotFound,
    Exchange,
    clear,
    earlier,
    get,
    get_turn,
    give_feedback,
    handle,
    look_away,
    turns,
)
from assistant.services.looking import context_of
from assistant.services.pages import NOWHERE, PageContext, look_at, of_cart, of_upgrade
from assistant.services.panel import ORIGINS, Panel, build, turn_of
from assistant.services.progress import report_of
from assistant.services.proposals import is_waiting, text_of

__all__ = [
    "NOWHERE",
    "ORIGINS",
    "REASONS",
    "ConversationNotFound",
    "Exchange",
    "PageContext",
    "Panel",
    "TooManyQuestions",
    "build",
    "change_line",
    "check_rate",
    "clear",
    "context_of",
    "earlier",
    "get",
    "get_turn",
    "give_feedback",
    "handle",
    "is_waiting",
    "keep_line",
    "look_at",
    "look_away",
    "of_cart",
    "report_of",
    "of_upgrade",
    "steps",
    "text_of",
    "turn_of",
    "turns",
]
