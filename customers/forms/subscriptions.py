"""What a person sends about a subscription, read into plain values. What is allowed is the services' to say."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

FEWER, MORE = "fewer", "more"
CHOICES = ("renew", "cancel", "est")


@dataclass(frozen=True, kw_only=True)
class ChangeInput:
    """`etag` is what the page showed; `confirmed` says that the loss of the schedule is accepted."""

    quantity: str
    choice: str
    etag: str
    confirmed: bool
    offer: str = ""  # term:cycle

    @property
    def term_duration(self) -> str:
        return self.offer.partition(":")[0]

    @property
    def billing_cycle(self) -> str:
        return self.offer.partition(":")[2]


def read_change(data: QueryDict) -> ChangeInput:
    """The fields of a submitted form. Nothing is refused here: odd values reach the service and its messages."""
    choice = data.get("choice", "")
    return ChangeInput(
        quantity=stepped(data),
        choice=choice if choice in CHOICES else "",
        etag=data.get("etag", "")[:120],
        confirmed=data.get("confirmed") == "1",
        offer=data.get("offer", "")[:40],
    )


def stepped(data: QueryDict) -> str:
    """The number in the field, one fewer or more by the buttons beside it; text that is no number stays as it is."""
    typed = data.get("quantity", "").strip()[:40]
    step = {FEWER: -1, MORE: 1}.get(data.get("op", ""), 0)
    if not step or not (typed.isascii() and typed.isdigit() and len(typed) < 10):
        return typed
    return str(max(0, int(typed) + step))
