"""Entry points of the worker. The rows of the requests say what is to be done."""

from __future__ import annotations

from celery import shared_task

from downloads import services
from portal.core import clock, jobs


@shared_task(name="downloads.run_report")
def run_report(*, request_id: int, **_later: object) -> str:
    return services.run(request_id=request_id, now=clock.now)


@shared_task(name="downloads.sweep")
def sweep(**_later: object) -> int:
    as_of = clock.now()
    jobs.note_beat(as_of)
    return services.sweep(as_of=as_of)


@shared_task(name="downloads.request_scheduled")
def request_scheduled(**_later: object) -> int:
    return services.request_due(as_of=clock.now())


@shared_task(name="downloads.tell", autoretry_for=(OSError,), max_retries=5, retry_backoff=60)
def tell(*, request_id: int, **_later: object) -> bool:
    return services.tell(request_id=request_id)


@shared_task(name="downloads.expire")
def expire(**_later: object) -> int:
    services.tidy()
    return services.expire(as_of=clock.now())
