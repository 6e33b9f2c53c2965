"""Signing in and out, the profile, and the health probe."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from portal.core import audit, clock
from portal.core.access import public, signed_in
from portal.core.auth import start_session, tries_left
from portal.core.forms import ChangePasswordForm, ProfileForm, SignInForm
from portal.core.models import User
from portal.core.request import PortalRequest
from portal.core.scope import Scope

OWN = "it is the person's own"


def safe_next(request: HttpRequest, default: str = "/") -> str:
    """Where to go afterwards: a path of this site or `default`."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    here = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if here and target.startswith("/") else default


@public(reason="this is where people sign in")
@sensitive_post_parameters("password")
def signin(request: HttpRequest) -> HttpResponse:
    target = safe_next(request)
    if request.method != "POST":
        if request.user.is_authenticated:
            return HttpResponseRedirect(target)
        return render(request, "signin.html", {"form": SignInForm(request), "next": target})
    form = SignInForm(request, request.POST)
    if form.is_valid():
        start_session(request, form.get_user(), as_of=clock.now())
        return HttpResponseRedirect(target)
    email = str(form.data.get("username", "")).strip().lower()
    left = tries_left(request, email) if form.has_error("password", "invalid_login") else None
    return render(request, "signin.html", {"form": form, "next": target, "tries_left": left}, status=422)


@signed_in(reason="one door for everybody: the back office has no sign-in page of its own")
def admin_signin(request: PortalRequest) -> HttpResponse:
    """Where the back office sends people who may not be there."""
    if not request.user.is_staff:
        raise PermissionDenied("The back office is for the operator's staff.")
    return HttpResponseRedirect(safe_next(request, reverse("admin:index")))


@signed_in(reason="everybody may leave")
@require_POST
def signout(request: PortalRequest) -> HttpResponse:
    logout(request)
    response = redirect("signin")
    # Drafts of this person leave the browser too.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


@signed_in(reason=OWN)
def profile(request: PortalRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=copy(request.user))
    if request.method == "POST" and form.is_valid():
        _keep(request, form.cleaned_data)
        messages.success(request, "Your profile is saved.")
        return redirect("profile")
    return _profile(request, form=form)


@signed_in(reason=OWN)
@sensitive_post_parameters()
def password(request: PortalRequest) -> HttpResponse:
    if request.method != "POST":  # a reload after a refused change
        return redirect("profile")
    form = ChangePasswordForm(request.user, request.POST)
    if not form.is_valid():
        return _profile(request, password_form=form)
    with transaction.atomic():
        user = form.save()
        audit.record(_own_scope(request), "password.changed", user, as_of=clock.now())
    update_session_auth_hash(request, user)
    messages.success(request, "Your password is changed. Other devices are signed out.")
    return redirect("profile")


def _profile(request: PortalRequest, **forms: Any) -> HttpResponse:
    context = {
        "form": ProfileForm(instance=request.user),
        "password_form": ChangePasswordForm(request.user),
        "memberships": request.user.memberships.select_related("partner").order_by("partner__name"),
        **forms,
    }
    wrong = any(form.errors for form in forms.values())
    return render(request, "profile.html", {**context, "errors": wrong}, status=422 if wrong else 200)


@signed_in(reason=OWN)
@require_POST
def theme(request: PortalRequest) -> HttpResponse:
    """Light, dark, or as the device has it. Anything else is as the device."""
    chosen = request.POST.get("theme", "")
    _keep(request, {"theme": chosen if chosen in User.Theme.values else User.Theme.SYSTEM})
    return HttpResponseRedirect(safe_next(request))


def _keep(request: PortalRequest, fields: dict[str, Any]) -> None:
    """Store what the person says about themselves, with the entry; nothing where all is as it was."""
    with transaction.atomic():
        user = User.objects.select_for_update(of=("self",)).get(pk=request.user.pk)
        before = {name: getattr(user, name) for name, value in fields.items() if getattr(user, name) != value}
        if not before:
            return
        after = {name: fields[name] for name in before}
        for name, value in after.items():
            setattr(user, name, value)
        user.save(update_fields=[*after])
        audit.record(_own_scope(request), "profile.changed", user, as_of=clock.now(), before=before, after=after)


def _own_scope(request: PortalRequest) -> Scope:
    """Who is asking; also one who works for no partner."""
    return replace(request.scope, user_id=request.user.pk)


@signed_in(reason=OWN)
@require_POST
def membership(request: PortalRequest, pk: int) -> HttpResponse:
    """Work in another partner tenant. Somebody else's membership is not found."""
    chosen = request.user.memberships.select_related("partner").filter(pk=pk).first()
    if chosen is None:
        raise Http404
    before = {"current_membership": request.user.current_membership_id}
    request.user.current_membership = chosen
    with transaction.atomic():
        request.user.save(update_fields=["current_membership"])
        after = {"current_membership": chosen.pk}
        audit.record(chosen.scope(), "membership.switched", chosen, as_of=clock.now(), before=before, after=after)
    messages.success(request, f"You work in {chosen.partner.name} now.")
    return redirect("customers:home")


@public(reason="a health probe has no account")
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the web process and the database answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "no database"}, status=503)
    return JsonResponse({"status": "ok"})
