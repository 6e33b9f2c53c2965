"""Two tenants that must never meet, a fixed moment, and clients that are signed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from portal.core.models import User
from portal.core.scope import Scope
from tests import factories


@pytest.fixture
def as_of() -> datetime:
    return factories.AS_OF


@pytest.fixture
def ours_user(db: None) -> User:
    partner = factories.make_partner("Ours Distribution")
    factories.make_customer(partner, "Fabrikam Robotics")
    return factories.make_member(partner, email="ours@contoso.example")


@pytest.fixture
def theirs_user(db: None) -> User:
    partner = factories.make_partner("Theirs Wholesale")
    factories.make_customer(partner, "Northwind Traders")
    return factories.make_member(partner, email="theirs@adatum.example")


@pytest.fixture
def ours(ours_user: User) -> Scope:
    return ours_user.current_membership.scope()


@pytest.fixture
def theirs(theirs_user: User) -> Scope:
    return theirs_user.current_membership.scope()


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="portal.core.auth.MembershipBackend")
        return client

    return signed_in
