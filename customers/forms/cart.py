"""What a person sends about a cart line, read into plain values. What is allowed is the service's to say."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

UPDATE, FEWER, MORE, REMOVE = "update", "fewer", "more", "remove"


@dataclass(frozen=True, kw_only=True)
class LineInput:
    """One line as typed. `offer` is `term:cycle`; `quantity` is text until the service has read it."""

    offer: str
    quantity: str
    op: str = UPDATE
    version: int = 0  # 0 is older than every cart, so a form without a version conflicts
    submission_key: UUID | None = None

    @property
    def term_duration(self) -> str:
        return self.offer.partition(":")[0]

    @property
    def billing_cycle(self) -> str:
        return self.offer.partition(":")[2]

    @property
    def wanted_quantity(self) -> int | str:
        """What the buttons beside the number make of it; text that is no number stays as it is."""
        step = {FEWER: -1, MORE: 1}.get(self.op, 0)
        text = self.quantity.strip()
        return int(text) + step if step and text.isascii() and text.isdigit() and len(text) < 10 else self.quantity


def read_line(data: QueryDict) -> LineInput:
    """The line in a submitted form. Nothing is refused here: odd values reach the service and its messages."""
    return LineInput(
        offer=data.get("offer", "")[:40],
        quantity=data.get("quantity", "")[:40],
        op=data.get("op", UPDATE),
        version=_number(data.get("version", "")),
        submission_key=_key(data.get("submission_key", "")),
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
