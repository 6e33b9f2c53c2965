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


@shared_task(name="downloads.expire")
def expire(**_later: object) -> int:
    services.tidy()
    return services.expire(as_of=clock.now())
