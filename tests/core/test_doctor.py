"""`manage.py doctor` says what is wrong and what to do."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.core import clock, jobs


@pytest.fixture(autouse=True)
def data_of_the_test(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def look() -> tuple[str, str]:
    out = io.StringIO()
    try:
        call_command("doctor", stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


@pytest.mark.django_db
def test_all_is_well() -> None:
    jobs.note_beat(clock.now())
    text, error = look()
    assert error == "", text
    assert text.count("ok ") == 6


@pytest.mark.django_db
@pytest.mark.parametrize("age", [None, timedelta(hours=1)], ids=["never", "an hour ago"])
def test_a_scheduler_that_stands_still_is_named(age: timedelta | None) -> None:
    if age:
        jobs.note_beat(clock.now() - age)
    text, error = look()
    assert error == "1 of 6 need care."
    assert "Is manage.py serve running?" in text
