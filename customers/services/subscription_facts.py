"""What the rules about changing a subscription need to know, read once for one subscription."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from customers.models import Customer, Sku, Subscription
from customers.queries import catalog
from customers.queries import promotions as promotion_queries
from customers.queries import subscriptions as queries
from customers.rules import cancellation, end_of_term, promotion_constraints, quantity_change, quantity_reduction
from customers.rules.cart import Limits
from customers.rules.quantity_change import PromotionSeats
from customers.rules.subscription_state import Standing
from customers.rules.vocabulary import EndOfTerm
from customers.services.subscriptions import SubscriptionNotFound
from portal.core.scope import Scope

ENDS = (EndOfTerm.CANCEL, EndOfTerm.LAPSE)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A subscription with its customer, and the facts beside it that decide."""

    scope: Scope
    row: Subscription
    sku: Sku | None  # None where no catalog has it
    updates: int  # how often it was changed here

    @property
    def standing(self) -> Standing:
        row = self.row
        return Standing(
            status=row.status,
            term_ends_at=row.commitment_ends_at,
            has_no_end=row.has_no_end,
            ends_with_term=row.end_of_term in ENDS,
            updates=self.updates,
        )

    @property
    def cancellation(self) -> cancellation.Facts:
        row = self.row
        return cancellation.Facts(
            standing=self.standing,
            allowed_until=row.cancellation_allowed_until,
            refund_options=row.refund_options,
            is_microsoft_product=row.is_microsoft_product,
        )

    @property
    def reduction(self) -> quantity_reduction.Facts:
        row = self.row
        return quantity_reduction.Facts(
            standing=self.standing,
            quantity=row.quantity,
            refundable=row.refundable_quantity,
            product_type=row.product_type,
            is_legacy=row.is_legacy,
            is_microsoft_product=row.is_microsoft_product,
            by_usage=row.billing_type == "usage",
            min_licenses=self.sku.min_licenses if self.sku else None,
        )

    @property
    def end_of_term(self) -> end_of_term.Facts:
        row = self.row
        return end_of_term.Facts(
            status=row.status,
            auto_renew_enabled=row.auto_renew_enabled,
            is_legacy=row.is_legacy,
            is_trial=row.is_trial,
            is_microsoft_product=row.is_microsoft_product,
            billing_type=row.billing_type,
            product_type=row.product_type,
            term_starts_at=row.effective_start_at,
            term_ends_at=row.commitment_ends_at,
            has_no_end=row.has_no_end,
            scheduled_actions=row.scheduled_actions or (),
        )

    def change(self) -> quantity_change.Facts:
        """Three queries where the subscription has a promotion, none otherwise."""
        limits = Limits(
            min_licenses=self.sku.min_licenses if self.sku else None,
            max_licenses=self.sku.max_licenses if self.sku else None,
        )
        return quantity_change.Facts(reduction=self.reduction, limits=limits, promotion=_seats(self.scope, self.row))


def read(scope: Scope, *, subscription_id: UUID) -> Known:
    """Raises SubscriptionNotFound, also for another tenant's. Three queries."""
    return known(scope, _one(scope, subscription_id))


def locked(scope: Scope, *, subscription_id: UUID, partner_id: int | None = None) -> Known:
    """The same for one who is about to change it: nobody else can until the transaction ends.

    The customer is locked first. A change brings stored outcomes of the customer's other subscriptions up to date, so
    two changes of one customer would otherwise wait for each other. `partner_id` says whose, for the operator: two
    partners may have imported the same ID."""
    row = _one(scope, subscription_id, partner_id)
    Customer.objects.within(scope).select_for_update().filter(pk=row.customer_id).first()
    return known(scope, _one(scope, subscription_id, partner_id, lock=True))


def known(scope: Scope, row: Subscription) -> Known:
    """The facts of a subscription that was read in this scope. Two queries."""
    skus = catalog.skus_by_id(row.product_id, row.sku_id) if row.product_id else []
    return Known(scope=scope, row=row, sku=skus[0] if skus else None, updates=queries.updates(scope, row))


def _one(scope: Scope, subscription_id: UUID, partner_id: int | None = None, *, lock: bool = False) -> Subscription:
    rows = (
        Subscription.objects.within(scope).select_related("customer__partner").filter(subscription_id=subscription_id)
    )
    if partner_id is not None:
        rows = rows.filter(partner_id=partner_id)
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = list(rows.order_by("pk")[:2])
    if len(found) != 1:
        raise SubscriptionNotFound
    return found[0]


def _seats(scope: Scope, row: Subscription) -> PromotionSeats | None:
    if not row.promotion_id:
        return None
    promotion = promotion_queries.by_id(row.customer, row.promotion_id)
    if promotion is None:
        return PromotionSeats(promotion_id=row.promotion_id, is_known=False)
    least, most = promotion_constraints.seat_limits(promotion)
    buyer = promotion_queries.buyer(scope, row.customer, [(row.product_id, row.sku_id)])
    redeemed = buyer.redeemed.get(promotion_constraints.promotion_key(row.promotion_id))
    taken = redeemed.licenses if redeemed else row.quantity
    return PromotionSeats(promotion_id=row.promotion_id, least=least, most=most, taken=taken)
