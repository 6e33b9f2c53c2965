"""Mounts each app under its prefix."""

from django.contrib import admin
from django.urls import include, path

from portal.core import views

handler400 = "portal.core.errors.bad_request"
handler403 = "portal.core.errors.forbidden"
handler404 = "portal.core.errors.not_found"
handler500 = "portal.core.errors.server_error"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("signin/", views.signin, name="signin"),
    path("signout/", views.signout, name="signout"),
    path("profile/", views.profile, name="profile"),
    path("profile/password/", views.password, name="password"),
    path("profile/theme/", views.theme, name="theme"),
    path("profile/partner/<int:pk>/", views.membership, name="membership"),
    path("admin/login/", views.admin_signin, name="admin_signin"),
    path("admin/", admin.site.urls),
    path("", include("customers.urls")),
    path("downloads/", include("downloads.urls")),
    path("assistant/", include("assistant.urls")),
]
