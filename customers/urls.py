"""Pages of the Customers workspace."""

from django.urls import path

from customers.views import search

app_name = "customers"
urlpatterns = [
    path("", search.home, name="home"),
    path("search/", search.find, name="search"),
]
