"""Pages of the Customers workspace."""

from django.urls import path

from customers.views import (
    billing,
    carts,
    catalog,
    customers,
    orders,
    partner_of_record,
    renewals,
    search,
    subscription_bulk,
    subscription_changes,
    subscriptions,
    support,
)
from customers.views import upgrades as upgrade_views

app_name = "customers"
urlpatterns = [
    path("", search.home, name="home"),
    path("search/", search.find, name="search"),
    path("customers/", customers.customers, name="customers"),
    path("customers.csv", customers.customers_export, name="customers_export"),
    path("customers/renewals/", renewals.renewals_chart, name="renewals_chart"),
    path("customers/choices/<str:field>/", customers.choices, name="customer_choices"),
    path("customers/<uuid:tenant_id>/", customers.customer, name="customer"),
    path(
        "customers/<uuid:tenant_id>/partner-of-record/",
        partner_of_record.partner_of_record,
        name="partner_of_record",
    ),
    path("subscriptions/", subscriptions.subscriptions, name="subscriptions"),
    path("subscriptions.csv", subscriptions.subscriptions_export, name="subscriptions_export"),
    path("renewals/", renewals.renewals, name="renewals"),
    path("renewals.csv", renewals.renewals_export, name="renewals_export"),
    path("subscriptions/end-of-term/", subscription_bulk.end_of_terms, name="end_of_terms"),
    path("subscriptions/<uuid:subscription_id>/", subscriptions.subscription, name="subscription"),
    path("subscriptions/<uuid:subscription_id>/licenses/", subscription_changes.licenses, name="subscription_licenses"),
    path("subscriptions/<uuid:subscription_id>/cancel/", subscription_changes.cancel, name="subscription_cancel"),
    path(
        "subscriptions/<uuid:subscription_id>/end-of-term/",
        subscription_changes.end_of_term,
        name="subscription_end_of_term",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/suspension/",
        subscription_changes.suspension,
        name="subscription_suspension",
    ),
    path("subscriptions/<uuid:subscription_id>/record/", subscription_changes.record, name="subscription_record"),
    path("subscriptions/<uuid:subscription_id>/schedule/", subscription_changes.schedule, name="subscription_schedule"),
    path("customers/<uuid:tenant_id>/catalog/", catalog.catalog, name="catalog"),
    path("customers/<uuid:tenant_id>/catalog/<str:reference>/", catalog.catalog_add, name="catalog_add"),
    path("customers/<uuid:tenant_id>/cart/", carts.cart_open, name="cart_open"),
    path("subscriptions/<uuid:subscription_id>/upgrade/", upgrade_views.upgrade, name="subscription_upgrade"),
    path("subscriptions/duplicates/", upgrade_views.duplicates, name="duplicates"),
    path("subscriptions/duplicates.csv", upgrade_views.duplicates_export, name="duplicates_export"),
    path("carts/", carts.carts, name="carts"),
    path("carts/<uuid:cart_id>/", carts.cart, name="cart"),
    path("carts/<uuid:cart_id>/review/", orders.cart_review, name="cart_review"),
    path("orders/", orders.orders, name="orders"),
    path("orders.csv", orders.orders_export, name="orders_export"),
    path("orders/<str:order_id>/", orders.order, name="order"),
    path("billing/", billing.months, name="billing"),
    path("billing/<str:month>/", billing.month, name="billing_month"),
    path("billing/<str:month>/reconciliation.csv", billing.export, name="billing_export"),
    path("support/", support.support, name="support"),
    path("support/new/", support.new_request, name="new_request"),
    path("carts/<uuid:cart_id>/lines/<int:number>/", carts.cart_line, name="cart_line"),
]
