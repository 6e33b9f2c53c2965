"""The shape of the subscription page: the line of its term, and the list of all its fields."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from customers.models import Subscription
from customers.rules.end_of_term import IN_SERVICE
from customers.rules.vocabulary import EndOfTerm
from customers.tables import pieces
from portal.core.exports import ExportColumn
from portal.core.templatetags.portal_ui import day_text

# Nearer than this (percent of the line) two labels would run into each other.
APART = 30
# Every documented field of the resource (contract §3.2), in its order.
FIELDS: tuple[tuple[str, str], ...] = (
    ("id", "subscription_id"), ("offerId", "offer_id"), ("offerName", "offer_name"), ("friendlyName", "friendly_name"),
    ("productType", "product_type"), ("quantity", "quantity"), ("unitType", "unit_type"),
    ("parentSubscriptionId", "parent_subscription_id"), ("creationDate", "created_at"),
    ("effectiveStartDate", "effective_start_at"), ("commitmentEndDate", "commitment_ends_at"),
    ("cancellationAllowedUntilDate", "cancellation_allowed_until"), ("billingCycleEndDate", "billing_cycle_ends_at"),
    ("status", "status"), ("autoRenewEnabled", "auto_renew_enabled"), ("billingType", "billing_type"),
    ("billingCycle", "billing_cycle"), ("termDuration", "term_duration"),
    ("renewalTermDuration", "renewal_term_duration"), ("isTrial", "is_trial"),
    ("isMicrosoftProduct", "is_microsoft_product"), ("hasPurchasableAddons", "has_purchasable_addons"),
    ("actions", "actions"), ("partnerId", "partner_of_record"), ("promotionId", "promotion_id"),
    ("migratedFromSubscriptionId", "migrated_from_subscription_id"), ("refundOptions", "refund_options"),
    ("refundableQuantity", "refundable_quantity"), ("scheduledNextTermInstructions", "scheduled_next_term_instructions"),
    ("scheduledActions", "scheduled_actions"), ("nextChargeInstructions", "next_charge_instructions"),
    ("customTermEndDate", "custom_term_ends_at"), ("suspensionReasons", "suspension_reasons"),
    ("contractType", "contract_type"), ("orderId", "order_id"), ("entitlementId", "entitlement_id"),
    ("consumptionType", "consumption_type"), ("publisherName", "publisher_name"),
    ("attentionNeeded", "attention_needed"), ("actionTaken", "action_taken"), ("etag", "etag"),
)  # fmt: skip
HISTORY_EXPORTED = (
    ExportColumn("OccurredAt", lambda entry: pieces.iso(entry.at)),
    ExportColumn("What", attrgetter("what")),
    ExportColumn("Who", attrgetter("who")),
)


@dataclass(frozen=True, kw_only=True)
class TermLine:
    """The term as a line: places in percent of its length, and the sentences beside them."""

    today: float
    today_anchor: str
    window: float | None  # end of the cancellation window
    window_label: str  # empty when it would run into "Today", or is over
    start_label: str
    end_label: str
    summary: str
    window_sentence: str
    help: float | None = None  # end of the help with duplicates
    help_label: str = ""  # empty when it would run into another

    @classmethod
    def of(cls, subscription: Subscription, *, as_of: datetime, help_until: datetime | None = None) -> TermLine | None:
        """None for a term that has no end or does not run. `help_until`: while help with duplicates can be asked."""
        if (
            subscription.has_no_end
            or subscription.status not in IN_SERVICE
            or subscription.commitment_ends_at <= subscription.effective_start_at
        ):
            return None
        start, end = subscription.effective_start_at, subscription.commitment_ends_at
        today = _percent(as_of, start, end)
        until = subscription.cancellation_allowed_until
        window = _percent(until, start, end) if until else None
        open_window = until is not None and until >= as_of
        label = f"Cancel until {day_text(until)}" if until and open_window and window and window < 99 else ""
        if label and window is not None and abs(window - today) < APART:
            label = ""
        help_at = _percent(help_until, start, end) if help_until and as_of <= help_until <= end else None
        label_fits = help_at is not None and abs(help_at - today) >= APART and not label and help_at <= 100 - APART / 2
        after = _after(subscription)
        days = (end.date() - start.date()).days + 1
        ran = min(max((as_of.date() - start.date()).days + 1, 0), days)
        return cls(
            today=today,
            today_anchor="start" if today < 6 else "end" if today > 94 else "middle",
            window=window,
            window_label=label,
            start_label=day_text(start),
            end_label=after,
            summary=f"Term from {day_text(start)} to {day_text(end)}. Day {ran} of {days}. {after}.",
            window_sentence=_window_sentence(until, open_window=open_window),
            help=help_at,
            help_label=f"Duplicate help ends {day_text(help_until)}" if help_until and label_fits else "",
        )


def fields(subscription: Subscription) -> list[tuple[str, str, str]]:
    """Every documented field: the API's name, its value as text, and the value's kind (id, text)."""
    rows = []
    for name, attribute in FIELDS:
        value = getattr(subscription, attribute)
        kind = "id" if name.lower().endswith("id") and value else "text"
        rows.append((name, _text(value), kind))
    return rows


def tags(subscription: Subscription) -> list[tuple[str, str]]:
    """Words and tone of what a person should see beside the name."""
    found = []
    if subscription.end_of_term in (EndOfTerm.EST, EndOfTerm.SILENT_EST):
        found.append(("Goes to extended term", "warn"))
    if subscription.is_trial:
        found.append(("Trial", ""))
    if subscription.is_legacy:
        found.append(("Legacy", ""))
    if subscription.promotion_id:
        found.append((f"Promotion {subscription.promotion_id}", "line"))
    return found


def _percent(moment: datetime, start: datetime, end: datetime) -> float:
    share = (moment - start) / (end - start) * 100
    return round(min(max(share, 0), 100), 1)


def _after(subscription: Subscription) -> str:
    """What stands at the end of the line. The last day belongs to the term, so the next thing starts a second later."""
    end = subscription.commitment_ends_at
    following = day_text(end + timedelta(seconds=1))
    return {
        "renew": f"Renews {following}",
        "est": f"Extended term from {following}",
        "silent_est": f"Extended term from {following}",
    }.get(subscription.end_of_term, f"Ends {day_text(end)}")


def _window_sentence(until: datetime | None, *, open_window: bool) -> str:
    if until is None:
        return "No cancellation window is known."
    when = f"{day_text(until)}, {until:%H:%M} UTC"
    return f"It may be canceled until {when}." if open_window else f"The cancellation window closed on {when}."


def _text(value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{day_text(value)}, {value:%H:%M:%S} UTC"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, indent=1)
    return str(value)
