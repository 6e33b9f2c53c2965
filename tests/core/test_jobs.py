"""Work that is put on a queue, and a broker that is away."""

from __future__ import annotations

from typing import Any

import pytest
from celery.app.task import Task
from kombu.exceptions import OperationalError

from downloads.models import DownloadRequest
from portal.core.models import User


@pytest.mark.django_db
@pytest.mark.parametrize("trouble", [OperationalError("no broker"), OSError(28, "No space left on device")])
def test_a_broker_that_is_away_is_not_the_trouble_of_the_person(
    client_for: Any,
    ours_user: User,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Exception,
) -> None:
    def away(*_args: object, **_options: object) -> None:
        raise trouble

    monkeypatch.setattr(Task, "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client_for(ours_user).post("/downloads/request/est/")
    assert answer.status_code == 302
    scope = ours_user.current_membership.scope()
    assert DownloadRequest.objects.within(scope).get().status == DownloadRequest.Status.PENDING
