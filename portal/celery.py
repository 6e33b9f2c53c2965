"""The Celery application. `celery -A portal worker` finds it here."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# What the scheme of a broker's URL means here. Only the one that a URL names is imported.
TRANSPORT_ALIASES.update(
    embedded="portal.core.embedded_broker:Transport",
    redis="portal.core.redis_broker:Transport",
    rediss="portal.core.redis_broker:Transport",
)
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
