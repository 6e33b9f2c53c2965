"""The operator's back office: people, partners and the audit trail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, ClassVar, cast

from axes.admin import AccessAttemptAdmin, AccessFailureLogAdmin, AccessLogAdmin
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join

from portal.core import audit, clock
from portal.core.access import Role
from portal.core.exports import CHUNK, ExportColumn, csv_file
from portal.core.models import AuditEvent, Membership, Partner, User
from portal.core.scoped_admin import AuditedAdmin, ReadOnlyMixin, ScopedAdmin, ScopedInline, note, operator, rows

admin.site.site_header = "Partner portal: operator"
admin.site.site_title = "Partner portal"
admin.site.index_title = "Back office"

# -- People and partners ---------------------------------------------------------------------------


class RolesField(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("encoder", None), kwargs.pop("decoder", None)
        super().__init__(choices=Role.choices, label=kwargs.get("label"), help_text="At least one.")


class RolesMixin:
    """Roles as checkboxes instead of the JSON that stores them."""

    formfield_overrides: ClassVar[Any] = {models.JSONField: {"form_class": RolesField}}


class MembershipInline(RolesMixin, ScopedInline):
    model = Membership
    autocomplete_fields = ("partner",)


@admin.register(Membership)
class MembershipAdmin(RolesMixin, ScopedAdmin):
    list_display = ("user", "partner", "roles_in_words")
    list_select_related = ("user", "partner")
    list_filter = ("partner__kind",)
    autocomplete_fields = ("user", "partner")
    search_fields = ("user__email", "user__name", "partner__name")
    actions = ("work_here",)

    @admin.display(description="roles")
    def roles_in_words(self, row: Membership) -> str:
        return ", ".join(row.role_labels)

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        give_a_tenant(request, cast("Membership", obj).user)

    @admin.action(description="Make this the partner that the person works in", permissions=["change"])
    def work_here(self, request: HttpRequest, queryset: models.QuerySet[Membership]) -> None:
        for membership in queryset.select_related("user", "partner"):
            work_in(request, membership.user, membership)


def work_in(request: HttpRequest, user: User, membership: Membership) -> None:
    """Let the person work in the tenant of this membership from the next page on."""
    before = {"current_membership": user.current_membership_id}
    user.current_membership = membership
    user.save(update_fields=["current_membership"])
    note(request, "changed", user, before, {"current_membership": membership.pk})


def give_a_tenant(request: HttpRequest, user: User) -> None:
    """A person with memberships but no current one starts in the first."""
    first = rows(Membership, request).filter(user=user).order_by("pk").first()
    if user.current_membership_id is None and first is not None:
        work_in(request, user, first)


class NewUserForm(BaseUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")
        field_classes: ClassVar[Any] = {}


@admin.register(User)
class UserAdmin(ScopedAdmin, DjangoUserAdmin):
    """Only a superuser hands out staff rights, or touches the account of a superuser."""

    form = UserChangeForm  # type: ignore[assignment]  # people belong to no tenant
    add_form = NewUserForm
    list_display = ("email", "name", "working_in", "is_staff", "is_active", "last_login")
    list_select_related = ("current_membership__partner",)
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name")
    sortable_by = ("email", "name", "last_login")
    readonly_fields = ("working_in", "last_login")
    inlines = (MembershipInline,)
    filter_horizontal = ("groups", "user_permissions")
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "phone", "theme")}),
        ("Access", {"fields": ("is_active", "working_in", "last_login")}),
        (
            "Back office",
            {"fields": ("is_staff", "is_superuser", "groups", "user_permissions"), "classes": ("collapse",)},
        ),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),)
    ordering: ClassVar[Any] = ("email",)

    @admin.display(description="works in")
    def working_in(self, user: User) -> str:
        return str(user.current_membership.partner) if user.current_membership else "No partner"

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        only_superusers = ("is_staff", "is_superuser", "groups", "user_permissions")
        return (*self.readonly_fields, *(() if request.user.is_superuser else only_superusers))

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_change_permission(request, obj) and not above

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_delete_permission(request, obj) and not above and obj != request.user

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        give_a_tenant(request, form.instance)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            if response.status_code == 302:
                note(request, "password_changed", User.objects.get(pk=id), {}, {})
        return response


@admin.register(Partner)
class PartnerAdmin(ScopedAdmin):
    list_display = ("name", "kind", "country", "currency", "mpn_id", "customer_count", "subscription_count")
    list_filter = ("kind",)
    search_fields = ("name", "=mpn_id", "=tenant_id")
    readonly_fields = ("customer_count", "subscription_count")
    delete_limit = 0


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(AuditedAdmin, DjangoGroupAdmin):
    """Groups of Django permissions for staff."""


# -- The audit trail -------------------------------------------------------------------------------


class PartnerFilter(admin.SimpleListFilter):
    """Audit entries keep the number of the partner, not a foreign key."""

    title = "partner"
    parameter_name = "partner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(key), name) for key, name in Partner.objects.order_by("name").values_list("pk", "name")[:200]]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset.filter(partner_id=self.value()) if (self.value() or "").isdigit() else queryset


def _met(check: dict[str, Any]) -> str:
    return f"{'met' if check['passed'] else 'not met'}: {check['message']}"


EXPORTED = (
    ExportColumn("OccurredAt", lambda entry: entry.occurred_at.isoformat()),
    ExportColumn("Event", attrgetter("event")),
    ExportColumn("Name", attrgetter("target_name")),
    ExportColumn("Type", attrgetter("target_type")),
    ExportColumn("Id", attrgetter("target_id")),
    ExportColumn("UserId", attrgetter("user_id")),
    ExportColumn("UserEmail", attrgetter("user_email")),
    ExportColumn("PartnerNumber", attrgetter("partner_id")),
    ExportColumn("Partner", attrgetter("partner_name")),
    ExportColumn("Before", lambda entry: shown(entry.before or None)),
    ExportColumn("After", lambda entry: shown(entry.after or None)),
    ExportColumn("Decision", lambda entry: " ".join(map(_met, entry.decision))),
)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyMixin, ScopedAdmin):
    """Written by services and by this back office; read, searched and exported here, never changed."""

    list_display = ("occurred_at", "event", "target_name", "target_type", "target_id", "user_email", "partner")
    list_filter = (PartnerFilter, ("occurred_at", admin.DateFieldListFilter))
    search_fields = ("=target_id", "=user_email", "=event", "target_name")
    search_help_text = "ID of the object, whole e-mail address, whole event, or a part of the object's name."
    sortable_by = ()
    fields = (
        "occurred_at",
        "event",
        "target_name",
        "target_type",
        "target_id",
        "user_email",
        "partner",
        "changes",
        "reasons",
    )
    actions = ("export",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        name = Partner.objects.filter(pk=OuterRef("partner_id")).values("name")[:1]
        return super().get_queryset(request).annotate(partner_name=Subquery(name))

    @admin.display(description="partner")
    def partner(self, entry: Any) -> str:
        return entry.partner_name or ""

    @admin.display(description="before and after")
    def changes(self, entry: AuditEvent) -> str:
        names = sorted({*entry.before, *entry.after})
        lines = ((name, shown(entry.before.get(name)), shown(entry.after.get(name))) for name in names)
        head = "<tr><th>Field</th><th>Before</th><th>After</th></tr>"
        return format_html(
            "<table><thead>" + head + "</thead><tbody>{}</tbody></table>",
            format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", lines),
        )

    @admin.display(description="why it was allowed")
    def reasons(self, entry: AuditEvent) -> str:
        lines = ((_met(check),) for check in entry.decision)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", lines))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export.csv", view, name="core_auditevent_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Every entry that the filters and the search of the list leave, on all its pages. The export is an entry too."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:  # the list says so
            return redirect(f"{reverse('admin:core_auditevent_changelist')}?{ERROR_FLAG}=1")
        asked = dict(request.GET.items())
        own = audit.record(operator(request), "staff.audit.exported", as_of=clock.now(), after={"filters": asked})
        return csv_file("audit.csv", EXPORTED, found.exclude(pk=own.pk).iterator(chunk_size=CHUNK))

    @admin.action(description="Export the chosen as JSON lines", permissions=["view"])
    def export(self, request: HttpRequest, queryset: models.QuerySet[AuditEvent]) -> StreamingHttpResponse:
        """One entry a line, with everything in it. The export is an entry too."""
        audit.record(operator(request), "staff.audit.exported", as_of=clock.now())
        response = StreamingHttpResponse(_lines(queryset), content_type="application/jsonl; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
        return response


def shown(value: Any) -> str:
    """A stored value in a table cell; nothing for a side that has none."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _lines(entries: models.QuerySet[AuditEvent]) -> Iterator[str]:
    names = [field.name for field in AuditEvent._meta.concrete_fields]
    for entry in entries.iterator(chunk_size=1000):
        values = {name: getattr(entry, name) for name in names}
        yield json.dumps(values, default=str, ensure_ascii=False) + "\n"


# -- Sign-in attempts ------------------------------------------------------------------------------
# The lists of django-axes, with an audit entry when staff remove an attempt and so lift a lock.


def _register_attempts(model: type[models.Model], theirs: type[admin.ModelAdmin]) -> None:
    admin.site.unregister(model)
    admin.site.register(
        model, type(f"Audited{theirs.__name__}", (AuditedAdmin, theirs), {"show_full_result_count": False})
    )


_register_attempts(AccessAttempt, AccessAttemptAdmin)
_register_attempts(AccessFailureLog, AccessFailureLogAdmin)
_register_attempts(AccessLog, AccessLogAdmin)
