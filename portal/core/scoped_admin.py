"""The operator's back office: every tenant in sight, lists that stay quick, every change audited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.paginator import Paginator
from django.db import models, transaction
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.functional import cached_property

from portal.core import audit, clock
from portal.core.models import Partner
from portal.core.scope import Scope, ScopedModel
from portal.core.text import fold

COUNT_CAP = 10_000
RELATED_CAP = 500


def operator(request: HttpRequest) -> Scope:
    """The scope of the member of staff behind this request."""
    return Scope.for_operator(request.user.pk)


def rows(model: type[models.Model], request: HttpRequest) -> models.QuerySet[Any]:
    """Every row of `model` that staff may see: all tenants."""
    if issubclass(model, ScopedModel):
        return model.objects.within(operator(request))
    return model._default_manager.all()


# -- Audit ---------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """`value` as JSON can hold it; a number the same however many zeros it was typed with."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)


def snapshot(row: models.Model) -> dict[str, Any]:
    """The stored fields of a row by name. A password is never copied."""
    return {
        field.name: "(hidden)" if field.name == "password" else plain(field.value_from_object(row))
        for field in row._meta.concrete_fields
        if not field.primary_key
    }


def difference(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what differs, on both sides."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def partner_of(row: models.Model) -> int | None:
    """The tenant that a row belongs to, by the path of its model."""
    if isinstance(row, Partner):
        return row.pk
    found: Any = row
    for part in row.partner_path.split("__") if isinstance(row, ScopedModel) else []:
        found = getattr(found, part, None)
    return found if isinstance(found, int) else None


def note(request: HttpRequest, verb: str, row: models.Model, before: dict[str, Any], after: dict[str, Any]) -> None:
    """One audit entry for what a member of staff did to one row."""
    scope = replace(operator(request), partner_id=partner_of(row))
    event = f"staff.{row._meta.model_name}.{verb}"
    audit.record(scope, event, row, as_of=clock.now(), before=before, after=after)


class AuditedAdmin(admin.ModelAdmin):
    """Every change through the admin leaves an entry with the values before and after."""

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        before: dict[str, Any] = {}
        if change:
            before = snapshot(rows(self.model, request).select_for_update().get(pk=obj.pk))
        super().save_model(request, obj, form, change)
        old, new = difference(before, snapshot(obj))
        if not change:
            note(request, "added", obj, {}, snapshot(obj))
        elif new:
            note(request, "changed", obj, old, new)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        before = self._many(form.instance) if change else {}
        super().save_related(request, form, formsets, change)
        old, new = difference(before, self._many(form.instance))
        if any(old.values()) or any(new.values()):
            note(request, "changed", form.instance, old, new)

    @staticmethod
    def _many(row: models.Model) -> dict[str, list[str]]:
        return {
            field.name: sorted(str(item) for item in field.value_from_object(row)) for field in row._meta.many_to_many
        }

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        changed = [inner.instance.pk for inner in formset.initial_forms if inner.has_changed()]
        before = {row.pk: snapshot(row) for row in rows(formset.model, request).filter(pk__in=changed)}
        super().save_formset(request, form, formset, change)
        for row in formset.new_objects:
            note(request, "added", row, {}, snapshot(row))
        for row, _fields in formset.changed_objects:
            note(request, "changed", row, *difference(before.get(row.pk, {}), snapshot(row)))
        for row in formset.deleted_objects:
            note(request, "removed", row, before.get(row.pk, snapshot(row)), {})

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        note(request, "removed", obj, snapshot(obj), {})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        with transaction.atomic():
            for row in queryset:
                note(request, "removed", row, snapshot(row), {})
            super().delete_queryset(request, queryset)


# -- Lists over large tables -----------------------------------------------------------------------


class CappedPaginator(Paginator):
    """Counts to COUNT_CAP and no further: a count of a million rows takes longer than the page."""

    @cached_property
    def _counted(self) -> int:
        return cast("models.QuerySet[Any]", self.object_list).order_by()[: COUNT_CAP + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNT_CAP)

    @property
    def is_capped(self) -> bool:
        return self._counted > COUNT_CAP


def matches(model: type[models.Model], fields: Any, text: str) -> models.Q:
    """Rows of `model` that `text` finds.

    `=field` is an exact match and is left out when the text cannot be such a value; a folded field
    (`…_key`) must contain each folded word, any other each word, both by index where there is one.
    """
    found = models.Q(pk__in=[])
    for name in fields:
        if name.startswith("="):
            path = name[1:]
            try:
                found |= models.Q(**{path: _field(model, path).to_python(text.strip())})
            except (ValidationError, FieldDoesNotExist):
                continue
        else:
            words = fold(text).split() if name.endswith("_key") else text.split()
            lookup = "contains" if name.endswith(("_key", "domain")) else "icontains"
            found |= models.Q(*((f"{name}__{lookup}", word) for word in words))
    return found


def _field(model: type[models.Model], path: str) -> models.Field[Any, Any]:
    *parents, last = path.split("__")
    for name in parents:
        model = cast("type[models.Model]", model._meta.get_field(name).related_model)
    return cast("models.Field[Any, Any]", model._meta.get_field("id" if last == "pk" else last))


class OneTenantForm(forms.ModelForm):
    """A row of one partner points at rows of the same partner only."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        partner = cleaned.get("partner")
        partner_id = partner.pk if partner else getattr(self.instance, "partner_id", None)
        for name, value in list(cleaned.items()):
            if partner_id and isinstance(value, ScopedModel) and partner_of(value) != partner_id:
                self.add_error(name, "This belongs to another partner.")
        return cleaned


def named(field: forms.Field, label: str) -> None:
    """Tell what a field without a label of its own is: the halves of a moment, and the cells of a table."""
    widget = getattr(field.widget, "widget", field.widget)
    halves = zip(getattr(widget, "widgets", ()), ("date", "time"), strict=False)
    for each, name in [(half, f"{label}, {what}") for half, what in halves] or [(widget, label)]:
        each.attrs["aria-label"] = name


class ScopedAdmin(AuditedAdmin):
    """The base of every admin page here: operator scope, capped counts, search by index.

    `search_through` names foreign keys with search fields of their own table: they are looked up
    first, so that one condition per index remains.
    """

    form = OneTenantForm
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200
    ordering: ClassVar[Any] = ("-pk",)
    search_through: ClassVar[dict[str, tuple[str, ...]]] = {}
    # More related rows than this are not deleted along with a row.
    delete_limit = RELATED_CAP

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.SplitDateTimeField):
            named(field, str(field.label))
        return field

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return rows(self.model, request).order_by(*self.get_ordering(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A row does not move to another partner: what hangs on it would stay behind."""
        own = tuple(super().get_readonly_fields(request, obj))
        return (*own, "partner") if obj is not None and hasattr(self.model, "partner") else own

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> models.QuerySet[Any]:
        return rows(db_field.remote_field.model, request)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        found = matches(self.model, self.search_fields, search_term)
        for name, fields in self.search_through.items():
            related = cast("type[models.Model]", self.model._meta.get_field(name).related_model)
            keys = rows(related, request).filter(matches(related, fields, search_term)).order_by()
            found |= models.Q(**{f"{name}__in": list(keys.values_list("pk", flat=True)[:RELATED_CAP])})
        return queryset.filter(found), False

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, list[Any]]:
        kept = list(self._kept(objs, request))
        if kept:  # the page then says that these stand in the way
            return [], {}, set(), kept
        return super().get_deleted_objects(objs, request)

    def _kept(self, objs: Any, request: HttpRequest) -> Iterator[str]:
        """What stands in the way of deleting, in words. Looks no further than the limit."""
        chosen = list(objs[: RELATED_CAP + 1])
        if len(chosen) > RELATED_CAP:
            yield f"Choose {RELATED_CAP} rows or fewer at once"
            return
        for relation in self.model._meta.related_objects:
            if relation.on_delete is models.SET_NULL or relation.field.auto_created:
                continue
            related = rows(relation.related_model, request).filter(**{f"{relation.field.name}__in": chosen})
            if related.order_by()[: self.delete_limit + 1].count() > self.delete_limit:
                many = str(relation.related_model._meta.verbose_name_plural).capitalize()
                yield f"{many}: more than {self.delete_limit:,}" if self.delete_limit else f"{many}: at least one"


class ReadOnlyMixin:
    """Rows that other parts of the portal own: staff look, services write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ScopedFormSet(BaseInlineFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        """The hidden key of a row is looked up among the rows of the parent, not in the whole table."""
        super().add_fields(form, index)
        form.fields["id"].queryset = self.queryset
        for name, field in form.fields.items():
            named(field, str(field.label or name))


class ScopedInline(admin.TabularInline):
    """Rows of a parent, read in the operator's scope."""

    extra = 0
    formset = ScopedFormSet

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return rows(self.model, request).order_by("pk")

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> models.QuerySet[Any]:
        return rows(db_field.remote_field.model, request)


class ReadOnlyInline(ReadOnlyMixin, ScopedInline):
    can_delete = False
