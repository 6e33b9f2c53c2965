"""How many questions one person may ask in a minute.

Counted in the database, by statements that test and change at once, so that it holds for all processes together and
two requests at the same moment cannot both take the last place.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from assistant.models import Allowance
from portal.core.scope import Scope

WINDOW = timedelta(minutes=1)


class TooManyQuestions(RuntimeError):
    """More in a minute than a person types. `until` is when to go on."""

    def __init__(self, until: datetime, *, seconds: int) -> None:
        super().__init__(
            f"More than {settings.ASSISTANT_QUESTIONS_PER_MINUTE} questions in a minute are not taken. Nothing was sent. "
            f"Go on at {until:%H:%M:%S} UTC."
        )
        self.until = until
        self.seconds = seconds


def check_rate(scope: Scope, *, as_of: datetime) -> None:
    """Count one question or step. Raises TooManyQuestions."""
    if scope.user_id is None or scope.partner_id is None:
        return
    for _ in range(3):
        if _take(scope, as_of):
            return
        row = _mine(scope).first()
        # Below the limit: another request made or renewed the row a moment ago, so this one tries again.
        if row is not None and row.started_at > as_of - WINDOW and row.count >= settings.ASSISTANT_QUESTIONS_PER_MINUTE:
            until = row.started_at + WINDOW
            raise TooManyQuestions(until, seconds=max(1, round((until - as_of).total_seconds())))


def _take(scope: Scope, as_of: datetime) -> bool:
    mine, since = _mine(scope), as_of - WINDOW
    most = settings.ASSISTANT_QUESTIONS_PER_MINUTE
    if mine.filter(started_at__gt=since, count__lt=most).update(count=F("count") + 1):
        return True
    if mine.filter(started_at__lte=since).update(started_at=as_of, count=1):
        return True
    if mine.exists():
        return False
    try:
        with transaction.atomic():
            Allowance.objects.create(
                partner_id=scope.partner_id or 0, user_id=scope.user_id or 0, started_at=as_of, count=1
            )
    except IntegrityError:  # another request of the same person was first
        return False
    return True


def _mine(scope: Scope) -> Any:
    return Allowance.objects.within(scope).filter(user_id=scope.user_id or 0)
