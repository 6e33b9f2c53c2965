"""Promotions from a file of the vendor's call, from the command line into the database."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from customers.models import Promotion, PromotionAssignment, PromotionProduct
from customers.services.promotion_import import import_promotions
from portal.core.models import AuditEvent
from tests.customers.rules.test_promotion_list import ITEM
from tests.factories import make_customer, make_partner

pytestmark = pytest.mark.django_db

PRODUCT = ITEM["requiredProducts"][0]
OTHER = ITEM | {"id": "39NFJQT1PM6C:0005:39NFJQT1Q5L7", "name": "Teams offer"}


def collection(*items: object) -> str:
    return json.dumps({"totalCount": len(items), "items": items, "attributes": {"objectType": "Collection"}})


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Import this content; the answer is what the command printed."""

    def importing(content: str | bytes, *options: str) -> list[str]:
        path = tmp_path / "promotions.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        capsys.readouterr()
        call_command("import_promotions", str(path), *options)
        return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    return importing


def test_a_collection_comes_in(run):
    assert run("\ufeff" + collection(ITEM, OTHER)) == [
        "promotions.json: 2 promotions read", "Added 2", "Changed 0", "Unchanged 0",
    ]  # fmt: skip
    promotion = Promotion.objects.get(promotion_id=ITEM["id"])
    assert (promotion.name, promotion.country, promotion.segment) == ("Bundle & Save", "US", "Commercial")
    constraints = ITEM["promotionConstraints"]
    assert promotion.seat_constraints == constraints["seatConstraints"]
    assert promotion.asset_ownership_limits == constraints["assetOwnershipLimits"]
    assert promotion.eligibility_constraints == constraints["eligibilityConstraints"]
    assert promotion.product_ownership_constraints == constraints["productOwnershipConstraints"]
    product = promotion.required_products.get()
    assert (product.product_id, product.sku_id, product.term_duration) == ("CFQ7TTC0LCHC", "001Q", "P1Y")
    assert (product.billing_cycle, product.policy_type, product.value) == ("annual", "PercentDiscount", Decimal("0.25"))


def test_the_country_and_segment_that_were_asked_for(run):
    run(json.dumps([ITEM]), "--country", "de", "--segment", "education")
    run(json.dumps([ITEM | {"country": "FR"}]), "--country", "de", "--segment", "Education")
    assert set(Promotion.objects.values_list("country", "segment")) == {("DE", "Education"), ("FR", "Education")}


def test_a_second_import_changes_nothing(run):
    run(collection(ITEM, OTHER))
    before = list(PromotionProduct.objects.values().order_by("id"))
    assert run(collection(ITEM, OTHER))[1:] == ["Added 0", "Changed 0", "Unchanged 2"]
    assert list(PromotionProduct.objects.values().order_by("id")) == before


def test_a_change_takes_away_what_is_no_longer_covered_and_keeps_who_it_is_for(run, as_of):
    run(collection(ITEM, OTHER))
    promotion = Promotion.objects.get(promotion_id=ITEM["id"])
    Promotion.objects.filter(pk=promotion.pk).update(is_targeted=True)
    customer = make_customer(make_partner())
    PromotionAssignment.objects.create(promotion=promotion, customer=customer, assigned_at=as_of)
    monthly = PRODUCT | {"term": {"duration": "P1Y", "billingCycle": "Monthly"}}

    printed = run(collection(ITEM | {"requiredProducts": [monthly], "endDate": "2027-01-31T23:59:59Z"}, OTHER))

    assert printed[1:] == ["Added 0", "Changed 1", "Unchanged 1"]
    promotion.refresh_from_db()
    assert promotion.ends_at.year == 2027
    assert [product.billing_cycle for product in promotion.required_products.all()] == ["monthly"]
    assert promotion.is_targeted
    assert promotion.assignments.count() == 1


def test_another_discount_is_a_change(run):
    run(collection(ITEM))
    better = PRODUCT | {"pricingPolicies": [{"policyType": "PercentDiscount", "value": "0.3"}]}
    assert run(collection(ITEM | {"requiredProducts": [better]}))[2] == "Changed 1"
    assert PromotionProduct.objects.get().value == Decimal("0.3")


def test_promotions_that_the_file_lacks_stay(run):
    run(collection(ITEM, OTHER))
    run(collection(OTHER))
    assert Promotion.objects.count() == 2


def test_an_item_that_stands_there_twice(run, capsys):
    assert run(collection(ITEM, OTHER, ITEM))[1:] == ["Added 2", "Changed 0", "Unchanged 0", "Repeated 1"]
    with pytest.raises(CommandError, match="1 of 2 promotions are bad"):
        run(collection(ITEM, ITEM | {"name": "Another"}))
    assert "contradicts an earlier item" in capsys.readouterr().err


@pytest.fixture
def stored(run):
    """One promotion is stored; the answer tells whether nothing has moved since."""
    run(collection(ITEM))

    def everything() -> list[object]:
        return [list(model.objects.values().order_by("id")) for model in (Promotion, PromotionProduct, AuditEvent)]

    before = everything()
    return lambda: everything() == before


def test_one_bad_item_refuses_the_file_and_is_named(run, stored, capsys):
    bad = OTHER | {"endDate": "soon"}
    content = collection(ITEM | {"name": "New name"}, bad, {"name": "no id"})
    with pytest.raises(CommandError, match=r"^promotions.json: 2 of 3 promotions are bad. Nothing was stored.$"):
        run(content)
    assert capsys.readouterr().err.splitlines() == [
        f"Item 2 ({OTHER['id']}): endDate 'soon' is no date such as 11/1/2026 or 2026-11-01.",
        "Item 3 (without an id): id is missing.",
    ]
    assert stored()
    assert run(content, "--skip-bad")[1:] == ["Added 0", "Changed 1", "Unchanged 0", "Skipped 2"]
    assert Promotion.objects.get().name == "New name"


def test_fifty_bad_items_are_shown(run, capsys):
    with pytest.raises(CommandError, match="60 of 60"):
        run(collection(*[{}] * 60), "--skip-bad")
    assert capsys.readouterr().err.splitlines()[-1] == "and 10 more"


def test_a_dry_run_leaves_nothing(run, stored):
    printed = run(collection(ITEM | {"name": "New name"}, OTHER), "--dry-run")
    assert printed[1:] == ["Added 1", "Changed 1", "Unchanged 0", "Dry run: nothing was stored."]
    assert stored()


UNREADABLE = {
    "empty": (b" \n", "The file is empty"),
    "no promotion": (b'{"items": []}', "holds no promotion"),
    "no json": (b"<html>", "The file is no JSON: Expecting value at line 1, column 1"),
    "cut": (collection(ITEM)[:-20].encode(), "The file is no JSON"),
    "other json": (b'{"code": 401}', "neither a list of promotions nor a collection"),
    "latin-1": ('["Büro"]'.encode("latin-1"), "not UTF-8"),
    "utf-16": (collection(ITEM).encode("utf-16"), "not UTF-8"),
    "half a pair": (b'[{"id": "\\ud800"}]', "not UTF-8"),
    "zero": (b'[{"id": "\\u0000"}]', "not UTF-8"),
    "nan": (b'[{"id": NaN}]', "NaN is no JSON number"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "endless number": (b"[" + b"9" * 5000 + b"]", "a number of thousands of digits"),
}


@pytest.mark.parametrize(("content", "sentence"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_that_holds_no_promotions_is_refused_in_one_sentence(run, stored, content, sentence):
    with pytest.raises(CommandError, match=f"^promotions.json: .*{sentence}") as refused:
        run(content)
    assert "\n" not in str(refused.value)
    assert stored()


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("import_promotions", str(tmp_path / "nowhere.json"))


def test_only_the_operator_imports(ours, as_of):
    with pytest.raises(PermissionDenied):
        import_promotions(ours, file=io.BytesIO(b"[]"), name="x", as_of=as_of)


def test_the_import_is_audited(run):
    run(collection(ITEM))
    entry = AuditEvent.objects.get(event="promotions.imported")
    assert entry.after == {"file": "promotions.json", "added": 1, "changed": 0, "unchanged": 0}


def test_the_number_of_queries_does_not_grow(run, django_assert_max_num_queries):
    many = [ITEM | {"id": f"39NFJQT26J7Z:0006:{n:012}"} for n in range(60)]
    run(collection(*many))
    with django_assert_max_num_queries(14):
        run(collection(*[item | {"name": "Changed"} for item in many]))
