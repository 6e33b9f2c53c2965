"""The Celery application. `celery -A portal worker` finds it here."""

import os

from celery import Celery

# Register the transports before a broker URL is parsed.
from portal.core import embedded_broker, redis_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

embedded_broker.register()
redis_broker.register()
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
