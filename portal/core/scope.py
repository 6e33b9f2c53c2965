"""Who is asking, and which rows they may see. The only tenant code there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from django.db import models


class UnscopedQuery(RuntimeError):
    """A tenant-owned table was read without `.within(scope)`."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One partner tenant as one user may see it. `operator=True` sees every tenant.

    Only `Scope.for_operator` and the membership middleware make one for a person.
    A scope of nobody (no partner, no operator) sees no row.
    """

    partner_id: int | None = None
    user_id: int | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    partner_kind: str = ""
    customer_ids: frozenset[int] | None = None  # None: every customer of the partner
    operator: bool = False

    @classmethod
    def for_operator(cls, user_id: int | None = None) -> Scope:
        """The operator's staff and commands: every tenant."""
        return cls(operator=True, user_id=user_id)


NOBODY = Scope()

# True while a row asks whether its unique values are taken. A constraint holds across tenants, and
# the answer is yes or no, never a row.
_checking_constraints: ContextVar[bool] = ContextVar("checking_constraints", default=False)


@contextmanager
def _constraint_check() -> Iterator[None]:
    token = _checking_constraints.set(True)
    try:
        yield
    finally:
        _checking_constraints.reset(token)


class ScopedQuerySet(models.QuerySet[Any]):
    """Fails loudly until it has been limited with `within(scope)`."""

    _scoped = False
    _hints: dict[str, Any]  # Django's own

    def _clone(self) -> Self:
        clone = super()._clone()  # type: ignore[misc]  # the stubs leave it out
        clone._scoped = self._scoped
        return clone

    def within(self, scope: Scope) -> Self:
        """Only the rows of this scope; all rows for the operator; none for nobody."""
        model = self.model
        if scope.operator:
            found = self.all()
        elif scope.partner_id is None:
            found = self.none()
        else:
            found = self.filter(**{model.partner_path: scope.partner_id})
            if scope.customer_ids is not None and model.customer_path:
                found = found.filter(**{f"{model.customer_path}__in": scope.customer_ids})
        found._scoped = True
        return found

    def _check_scope(self) -> None:
        # Rows reached through an already loaded parent carry its hint.
        if not (self._scoped or "instance" in self._hints or self.query.is_empty() or _checking_constraints.get()):
            raise UnscopedQuery(f"{self.model.__name__}: call .within(scope) first")

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._check_scope()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Any:
        self._check_scope()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        self._check_scope()
        return super().count()

    def exists(self) -> bool:
        self._check_scope()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._check_scope()
        return super().aggregate(*args, **kwargs)

    def sql_with_params(self) -> tuple[str, tuple[Any, ...]]:
        """The compiled SELECT, for PostgreSQL's COPY."""
        self._check_scope()
        return self.query.sql_with_params()

    def explain(self, *args: Any, **kwargs: Any) -> str:
        self._check_scope()
        return super().explain(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._check_scope()
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        self._check_scope()
        return super().delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    # a | b keeps a's flag, so an unscoped b would slip in with it.
    def __or__(self, other: Any) -> Self:
        return self._joined(super().__or__(other), other)

    def __and__(self, other: Any) -> Self:
        return self._joined(super().__and__(other), other)

    def __xor__(self, other: Any) -> Self:
        return self._joined(super().__xor__(other), other)

    def union(self, *others: Any, all: bool = False) -> Self:  # noqa: A002 - Django's own name
        return self._joined(super().union(*others, all=all), *others)

    def intersection(self, *others: Any) -> Self:
        return self._joined(super().intersection(*others), *others)

    def difference(self, *others: Any) -> Self:
        return self._joined(super().difference(*others), *others)

    def _joined(self, result: Self, *others: Any) -> Self:
        result._scoped = self._scoped and all(other._scoped for other in others)
        return result


class ScopedModel(models.Model):
    """A table whose rows belong to one partner."""

    partner_path: ClassVar[str] = "partner_id"
    customer_path: ClassVar[str] = ""

    objects = ScopedQuerySet.as_manager()
    unscoped = models.Manager()

    class Meta:
        abstract = True
        base_manager_name = "unscoped"

    def validate_unique(self, exclude: Any = None) -> None:
        with _constraint_check():
            super().validate_unique(exclude=exclude)

    def validate_constraints(self, exclude: Any = None) -> None:
        with _constraint_check():
            super().validate_constraints(exclude=exclude)
