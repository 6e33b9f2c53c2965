"""Mounts each app under its prefix."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("customers.urls")),
    path("downloads/", include("downloads.urls")),
    path("assistant/", include("assistant.urls")),
]
