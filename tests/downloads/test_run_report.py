"""`manage.py run_report`: the same file without the queue."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from customers.models import Customer
from portal.core.models import User
from portal.core.scope import Scope
from tests import factories


def run_report(*arguments: str) -> str:
    out = io.StringIO()
    call_command("run_report", *arguments, stdout=out)
    return out.getvalue()


def test_it_writes_the_file_of_the_partner(ours: Scope, ours_user: User, tmp_path: Path) -> None:
    row = factories.make_subscription(Customer.objects.within(ours).get(), end_of_term="est")
    path = tmp_path / "est.csv"
    said = run_report("est", "--partner", ours_user.current_membership.partner.mpn_id, "--output", str(path))
    assert said.startswith("1 row, ")
    header, line = path.read_text().splitlines()
    assert header.startswith("CustomerTenantId,ResellerPartnerId,")
    assert str(row.subscription_id) in line
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["est.csv"]


def test_an_empty_report_is_said_in_words(ours: Scope, ours_user: User, tmp_path: Path) -> None:
    mpn_id = ours_user.current_membership.partner.mpn_id
    assert "No subscription goes to EST" in run_report("est", "--partner", mpn_id, "--output", str(tmp_path / "x"))


@pytest.mark.parametrize(
    ("kind", "partner", "words"),
    [("est", "0000000", "There is no partner with PartnerID 0000000"), ("nonsense", "1", "invalid choice: 'nonsense'")],
)
def test_wrong_arguments(db: None, tmp_path: Path, kind: str, partner: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run_report(kind, "--partner", partner, "--output", str(tmp_path / "x"))


def test_a_folder_that_is_not_there(ours: Scope, ours_user: User, tmp_path: Path) -> None:
    mpn_id = ours_user.current_membership.partner.mpn_id
    with pytest.raises(CommandError, match="Cannot write"):
        run_report("est", "--partner", mpn_id, "--output", str(tmp_path / "missing" / "x.csv"))
