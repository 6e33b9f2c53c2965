"""What renewals cost is worked out again after a price list is imported, and every night."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from customers.models import Customer
from customers.tasks import refresh_renewals
from portal.core.jobs import tasks
from portal.core.scope import Scope
from tests import factories

HEADER = "ProductTitle,ProductId,SkuId,SkuTitle,Publisher,TermDuration,BillingPlan,Market,Currency,UnitPrice,EffectiveStartDate,EffectiveEndDate,Tags,ERP Price,Segment"
ROW = "Business Premium,CFQ7TTC0LCHC,0002,Business Premium,Microsoft,P1Y,Monthly,US,USD,240.00,11/1/2026 12:00:00 AM,11/30/9999 11:59:59 PM,License,300.00,Commercial"


@pytest.mark.django_db
def test_an_import_puts_it_on_the_queue(
    ours: Scope, tmp_path: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    row = factories.make_subscription(Customer.objects.within(ours).get())
    path = tmp_path / "prices.csv"
    path.write_text(f"{HEADER}\n{ROW}\n")
    with django_capture_on_commit_callbacks() as sent:
        call_command("import_price_list", str(path), verbosity=0)
    assert len(sent) == 1
    assert refresh_renewals() == 1
    row.refresh_from_db()
    assert (row.renewal_per_month, row.renewal_is_priced) == (Decimal("200.00"), True)


def test_the_scheduler_does_it_every_night() -> None:
    assert settings.CELERY_BEAT_SCHEDULE["customers.refresh_renewals"]["task"] in tasks()
