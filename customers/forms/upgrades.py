"""What a person sends about an upgrade, read into plain values. What is allowed is the service's to say."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

from customers.queries.search import uuid_of


@dataclass(frozen=True, kw_only=True)
class UpgradeInput:
    """`to` is a `productId:skuId`, `into` an existing subscription (None: one of its own). `number` is None for a
    quantity that is no number."""

    to: str
    quantity: str
    into: UUID | None
    etag: str
    promotion_id: str
    confirmed: bool

    @property
    def number(self) -> int | None:
        text = self.quantity
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def read_upgrade(data: QueryDict) -> UpgradeInput:
    return UpgradeInput(
        to=data.get("to", "")[:20],
        quantity=data.get("quantity", "").strip()[:40],
        into=uuid_of(data.get("into", "")[:40]),
        etag=data.get("etag", "")[:120],
        promotion_id=data.get("promotion", "")[:40],
        confirmed=data.get("confirmed") == "1",
    )
