from customers.models.billing import ReconciliationLine, ReconciliationMonth
from customers.models.catalog import Availability, LegacyOfferMapping, PriceList, PriceRow, Product, Sku, UpgradePath
from customers.models.customers import OPEN_END, Customer, IndirectReseller
from customers.models.orders import Cart, CartLine, Order, OrderLine
from customers.models.promotions import Promotion, PromotionAssignment, PromotionProduct
from customers.models.subscriptions import HiddenNotice, Subscription, Transition, TransitionEvent
from customers.models.tickets import Ticket, TicketAction, TicketNote
from customers.models.views import SavedView

__all__ = [
    "OPEN_END",
    "Availability",
    "Cart",
    "CartLine",
    "Customer",
    "HiddenNotice",
    "IndirectReseller",
    "LegacyOfferMapping",
    "Order",
    "OrderLine",
    "PriceList",
    "PriceRow",
    "Product",
    "Promotion",
    "PromotionAssignment",
    "PromotionProduct",
    "ReconciliationLine",
    "ReconciliationMonth",
    "SavedView",
    "Sku",
    "Subscription",
    "Ticket",
    "TicketAction",
    "TicketNote",
    "Transition",
    "TransitionEvent",
    "UpgradePath",
]
