"""People, the partner tenants they work for, and the audit trail."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from portal.core.access import PartnerKind, Role
from portal.core.scope import Scope, ScopedModel


class Partner(models.Model):
    """A partner tenant: the company whose employees work here."""

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=PartnerKind.choices)
    tenant_id = models.UUIDField("Microsoft ID", unique=True)
    mpn_id = models.CharField("PartnerID (partner location account)", max_length=10, unique=True)
    country = models.CharField(max_length=2)
    currency = models.CharField("billing currency", max_length=3)
    # Shown in the navigation; kept by customers.services.customers.refresh_summaries.
    customer_count = models.PositiveIntegerField(default=0, editable=False)
    subscription_count = models.PositiveIntegerField(default=0, editable=False)
    # When a report file last became ready: who has looked since needs no count of new files.
    latest_download_at = models.DateTimeField(null=True, editable=False)
    # When a report was last asked for: where no file came since, pages look out for one.
    latest_request_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(kind__in=PartnerKind.values), name="partner_kind_known"),
            models.CheckConstraint(condition=~models.Q(mpn_id=""), name="partner_has_mpn_id"),
        ]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Signs in with the e-mail address."""

    class Theme(models.TextChoices):
        SYSTEM = "", "As the device"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    phone = models.CharField(max_length=40, blank=True)
    is_staff = models.BooleanField("operator's staff", default=False)
    is_active = models.BooleanField(default=True)
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.SYSTEM, blank=True)
    shortcuts = models.BooleanField("single-letter shortcuts", default=True)
    mail_downloads = models.BooleanField("e-mail when my report is ready", default=False)
    # The tenant that the person works in now: one at a time.
    current_membership = models.ForeignKey(
        "core.Membership", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name"]

    objects = UserManager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="user_email_folded_unique")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split()[0] if self.name.split() else self.email

    @property
    def initials(self) -> str:
        words = self.name.split() or [self.email]
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()


class Membership(ScopedModel):
    """One person's roles in one partner tenant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="memberships")
    roles = models.JSONField(default=list, help_text="A list of: " + ", ".join(Role.values))
    downloads_seen_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        base_manager_name = "unscoped"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "partner"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.partner}"

    def clean(self) -> None:
        unknown = set(self.roles) - set(Role.values) if isinstance(self.roles, list) else {"not a list"}
        if unknown or not self.roles:
            raise ValidationError({"roles": "Choose from: " + ", ".join(Role.values)})

    @property
    def role_labels(self) -> list[str]:
        return [Role(role).label for role in self.roles if role in Role.values]

    def scope(self) -> Scope:
        """What this person may see and do in this tenant. Needs `partner` loaded."""
        return Scope(
            partner_id=self.partner_id,
            user_id=self.user_id,
            roles=frozenset(self.roles),
            partner_kind=self.partner.kind,
        )


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Entries are written once. Change and removal are refused here and by a database trigger."""

    def update(self, **kwargs: Any) -> int:
        raise AuditIsAppendOnly("audit entries are not changed")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AuditIsAppendOnly("audit entries are not removed")


class AuditIsAppendOnly(RuntimeError):
    """Somebody tried to change or remove an audit entry."""


class AuditEvent(models.Model):
    """Who did what to what, and why it was allowed. Written in the caller's transaction."""

    occurred_at = models.DateTimeField()
    # Plain numbers and copies, not foreign keys: an entry outlives what it tells of.
    partner_id = models.BigIntegerField(null=True, blank=True)
    user_id = models.BigIntegerField(null=True, blank=True)
    user_email = models.CharField(max_length=254, blank=True)
    event = models.CharField(max_length=60)
    target_type = models.CharField(max_length=60, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    target_name = models.CharField(max_length=300, blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    decision = models.JSONField(default=list, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["partner_id", "-occurred_at"], name="audit_partner_time"),
            models.Index(fields=["target_type", "target_id", "-occurred_at"], name="audit_target_time"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.target_name or self.target_id}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AuditIsAppendOnly("audit entries are not changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AuditIsAppendOnly("audit entries are not removed")
