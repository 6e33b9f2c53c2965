"""Tasks are routed, take ids by keyword, and exist under the names that services enqueue."""

from __future__ import annotations

import ast
import inspect

import pytest
from celery import current_app
from django.conf import settings

from portal.core.jobs import tasks
from tests.architecture.sources import PACKAGES, parsed


def our_tasks() -> dict[str, object]:
    return {name: task for name, task in tasks().items() if name.split(".")[0] in PACKAGES}


def test_the_guard_is_alive() -> None:
    assert len(our_tasks()) >= 3


@pytest.mark.parametrize("name", sorted(our_tasks()))
def test_a_task_has_a_queue_and_takes_keywords(name: str) -> None:
    queue = current_app.amqp.router.route({}, name)["queue"].name
    assert queue in {q.name for q in settings.CELERY_TASK_QUEUES}
    parameters = inspect.signature(our_tasks()[name].run).parameters.values()  # type: ignore[attr-defined]
    assert all(p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD) for p in parameters)
    assert any(p.kind is p.VAR_KEYWORD for p in parameters), "an old worker must survive a new argument"


def test_every_enqueued_name_exists() -> None:
    names = {
        node.args[0].value
        for _, tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] == "enqueue"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert names
    assert names <= set(our_tasks())


def test_the_schedule_names_tasks_that_exist() -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled
    assert scheduled <= set(our_tasks())
