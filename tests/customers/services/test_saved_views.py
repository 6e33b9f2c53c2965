"""Views that a person saved: named once, twenty at most, nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from customers.models import SavedView
from customers.services import saved_views as service
from customers.services.saved_views import MOST, ViewNotFound, ViewRefused
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories

pytestmark = pytest.mark.django_db


def save(
    scope: Scope, as_of: datetime, name: str = "Big ones", listing: str = "customers", query: str = "market=US"
) -> SavedView:
    return service.save(scope, listing=listing, name=name, query=query, as_of=as_of)


def test_the_same_filters_are_one_view(ours: Scope, as_of: datetime) -> None:
    """Two would be open at once, and the list leads to one of them only."""
    save(ours, as_of)
    with pytest.raises(ViewRefused, match="You have these filters as “Big ones” already"):
        save(ours, as_of, "Other")
    assert len(service.of_list(ours, listing="customers")) == 1


def names(scope: Scope, listing: str = "customers") -> list[str]:
    return [row.name for row in service.of_list(scope, listing=listing)]


def test_a_name_once_for_a_person_and_list(ours: Scope, ours_user: User, theirs: Scope, as_of: datetime) -> None:
    row = save(ours, as_of, "  Big   ones ")
    assert names(ours) == ["Big ones"]
    with pytest.raises(ViewRefused, match="You have a view “BIG ONES” of this list already"):
        save(ours, as_of, "BIG ONES")
    colleague = factories.make_member(ours_user.current_membership.partner).current_membership.scope()
    for scope, listing in ((ours, "subscriptions"), (colleague, "customers"), (theirs, "customers")):
        save(scope, as_of, listing=listing)
        assert names(scope, listing) == ["Big ones"]
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.create(
            partner=row.partner, user=row.user, listing="customers", name="big Ones", query="q=a", created_at=as_of
        )


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_name_has_1_to_60_characters(ours: Scope, as_of: datetime, name: str) -> None:
    with pytest.raises(ViewRefused, match="1 to 60 characters"):
        save(ours, as_of, name)
    row = save(ours, as_of, "x" * 60)
    with pytest.raises(ViewRefused, match="1 to 60 characters"):
        service.rename(ours, view_id=row.view_id, name=name, as_of=as_of)
    assert names(ours) == ["x" * 60]


def test_twenty_of_a_list_are_the_most(ours: Scope, as_of: datetime) -> None:
    rows = [save(ours, as_of, f"View {number}", query=f"q={number}") for number in range(MOST)]
    with pytest.raises(ViewRefused, match="20 views of this list, which is the most"):
        save(ours, as_of, "One more")
    save(ours, as_of, "One more", listing="support")
    service.remove(ours, view_id=rows[0].view_id, as_of=as_of)
    save(ours, as_of, "One more")
    assert len(names(ours)) == MOST


def test_filters_are_needed(ours: Scope, as_of: datetime) -> None:
    with pytest.raises(ViewRefused, match="Choose a filter"):
        service.save(ours, listing="customers", name="All", query="", as_of=as_of)


def test_rename(ours: Scope, as_of: datetime) -> None:
    row, other = save(ours, as_of), save(ours, as_of, "Other", query="market=DE")
    assert service.rename(ours, view_id=row.view_id, name="BIG ones", as_of=as_of).name == "BIG ones"
    with pytest.raises(ViewRefused, match="already"):
        service.rename(ours, view_id=other.view_id, name="big ones", as_of=as_of)
    assert names(ours) == ["BIG ones", "Other"]


def test_somebody_elses_is_not_found(ours: Scope, ours_user: User, theirs: Scope, as_of: datetime) -> None:
    row = save(ours, as_of)
    colleague = factories.make_member(ours_user.current_membership.partner).current_membership.scope()
    same_person_elsewhere = replace(theirs, user_id=ours.user_id)
    for scope in (colleague, theirs, same_person_elsewhere):
        assert names(scope) == []
        for call in (
            lambda scope=scope: service.get(scope, view_id=row.view_id),
            lambda scope=scope: service.get(scope, view_id=uuid4()),
        ):
            with pytest.raises(ViewNotFound):
                call()
    for scope in (colleague, theirs):
        with pytest.raises(ViewNotFound):
            service.rename(scope, view_id=row.view_id, name="Mine", as_of=as_of)
        with pytest.raises(ViewNotFound):
            service.remove(scope, view_id=row.view_id, as_of=as_of)
    assert names(ours) == ["Big ones"]


def test_only_a_person_of_a_partner_saves(theirs: Scope, ours: Scope, as_of: datetime) -> None:
    for scope in (Scope.for_operator(), Scope.for_operator(ours.user_id), replace(theirs, user_id=ours.user_id)):
        with pytest.raises(PermissionDenied):
            save(scope, as_of)
