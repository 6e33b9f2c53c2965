"""Reports from the panel: requested, seen growing in place, the current file, nothing to report, a colleague's."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from assistant import services
from assistant.models import Turn
from assistant.skills import SKILLS
from downloads import services as downloads
from downloads.models import DownloadRequest
from portal.core.access import Role
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories
from tests.assistant.conftest import Say

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
Sign = Callable[[User], Client]
EST = "Please generate a list of all my subscriptions that are set to go to EST at the end of their term."


def test_every_report_that_there_is_has_its_skill() -> None:
    keys = {f"{key.replace('-', '_')}_report" for key in downloads.REPORTS}
    assert "est_report" in keys
    assert keys <= set(SKILLS)
    assert all(SKILLS[key].capability == "download" for key in keys)


@pytest.mark.parametrize("key", [key for key in SKILLS if key.endswith("_report")])
def test_its_own_prompt_asks_for_it(say: Say, key: str) -> None:
    reply = say(SKILLS[key].prompt)
    assert (reply.skill, reply.status) == (key, "answered")
    (card,) = reply.answer["cards"]
    assert (card["kind"], card["running"]) == ("report", True)


def set_to(scope: Scope, **fields: object) -> DownloadRequest:
    DownloadRequest.objects.within(scope).update(**fields)
    return DownloadRequest.objects.within(scope).get()


def test_the_card_follows_the_request(client_for: Sign, ours_user: User, ours: Scope, as_of: datetime) -> None:
    client = client_for(ours_user)
    html = client.post("/assistant/ask/", {"text": EST}, headers=HTMX).content.decode()
    address = re.search(r'hx-get="([^"]*/report/)\?asked=0"', html)
    assert address, html
    set_to(ours, status="processing", rows_done=400, parts_done=4, parts_total=10)
    grown = client.get(address.group(1), headers=HTMX).content.decode()
    assert "400 rows so far, 40 %" in grown
    assert "hx-trigger" in grown
    request = set_to(
        ours, status="completed", rows_done=1000, row_count=1000, finished_at=as_of, file_name="x.csv", sha256="0" * 64
    )
    done = client.get(address.group(1), headers=HTMX).content.decode()
    assert "hx-trigger" not in done, "it stops asking"
    assert f'href="/downloads/{request.pk}/' in done
    assert ">Extended service term: Ready.</p>" in done, "announced once"
    turn = Turn.objects.within(ours).get(speaker="assistant")
    page = client.get(f"/assistant/{turn.conversation.conversation_id}/").content.decode()
    assert ">Ready<" in page, "the page without script shows how it stands now"
    assert "/report/?asked=" not in page


def test_a_foreign_report_card_is_not_found(client_for: Sign, theirs_user: User, say: Say) -> None:
    turn = say(EST)
    url = f"/assistant/{turn.conversation.conversation_id}/{turn.number}/report/"
    assert client_for(theirs_user).get(url, headers=HTMX).status_code == 404


def test_asked_again_it_is_the_current_file(ours: Scope, say: Say, as_of: datetime) -> None:
    say(EST)
    request = set_to(ours, status="completed", row_count=3, finished_at=as_of, file_name="x.csv", sha256="0" * 64)
    again = say("EST report")
    assert again.answer["lead"] == "The Extended service term report is ready: 3 rows."
    assert again.answer["body"] == (
        "It was asked for today at 12:00 UTC. A new one can be asked for tomorrow at 12:00 UTC."
    )
    assert again.answer["links"][0]["args"] == {"pk": str(request.pk)}
    assert DownloadRequest.objects.within(ours).count() == 1


def test_nothing_to_report_is_said_in_words(ours: Scope, say: Say, as_of: datetime) -> None:
    say(EST)
    set_to(ours, status="completed", row_count=0, finished_at=as_of, file_name="")
    again = say(EST)
    assert again.answer["lead"] == "Nothing to report. No subscription goes to EST at the end of its term."


def test_a_failed_one_can_be_asked_for_again(ours: Scope, say: Say, as_of: datetime) -> None:
    first = say(EST)
    set_to(ours, status="failed", failure="The file could not be stored.", finished_at=as_of)
    shown = services.report_of(ours, conversation_id=first.conversation.conversation_id, number=first.number)
    assert (shown["state"], shown["failure"]) == ("Failed", "The file could not be stored.")
    assert say(EST).answer["cards"][0]["number"] != first.answer["cards"][0]["number"]


def test_a_colleagues_report_is_named_but_not_handed_out(
    ours: Scope, ours_user: User, say: Say, as_of: datetime
) -> None:
    say(EST)
    set_to(ours, status="completed", row_count=3, finished_at=as_of, file_name="x.csv", sha256="0" * 64)
    partner = ours_user.current_membership.partner
    helpdesk = factories.make_member(partner, roles=[Role.HELPDESK_AGENT]).current_membership.scope()
    answer = services.handle(helpdesk, text=EST, as_of=as_of + timedelta(hours=1)).answer.answer
    assert answer["lead"].startswith("A colleague asked for the Extended service term report today at 12:00")
    assert answer["cards"][0]["file"] == ""
    assert [link["to"] for link in answer["links"]] == ["downloads:list"]
