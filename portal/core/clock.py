"""The only module that reads the clock. Entry points call it; nothing below them may."""

from datetime import datetime

from django.utils import timezone


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return timezone.now()
