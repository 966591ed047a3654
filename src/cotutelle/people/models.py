"""People and what they may be, where, and for how long."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from cotutelle.core.clock import today
from cotutelle.core.i18n import localized
from cotutelle.core.ids import new_public_id
from cotutelle.people.enums import Role


class PersonManager(BaseUserManager["Person"]):
    """Creates people; sign-in names are compared without case."""

    def create_user(self, username: str, password: str | None = None, **fields: object) -> Person:
        """Create a person who can sign in with ``password`` (nobody without one)."""
        person = self.model(username=username, **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, username: str, password: str, **fields: object) -> Person:
        """Create a person who may repair anything in Django's admin."""
        return self.create_user(username, password, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> Person:
        """Find a person by sign-in name, whatever its case."""
        return self.get(username__iexact=username)


class Person(AbstractBaseUser):
    """Anybody the consortium knows, whether or not they can sign in."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    username = models.CharField(max_length=150, unique=True)
    unit = models.ForeignKey(
        "institutions.Unit", models.PROTECT, related_name="people", null=True, blank=True
    )
    number = models.CharField(max_length=40, blank=True)
    name_zh = models.CharField(max_length=100, blank=True)
    name_en = models.CharField(max_length=150, blank=True)
    name_sort = models.CharField(max_length=200, blank=True, editable=False)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    gender = models.CharField(max_length=10, blank=True)
    identity_number = models.CharField(max_length=40, blank=True)
    wecom_id = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=10, default="zh-hans")
    time_zone = models.CharField(max_length=50, default="Asia/Shanghai")
    search_text = models.TextField(blank=True, editable=False)
    is_active = models.BooleanField(default=True)
    is_superuser = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = PersonManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="person_username_any_case"),
            models.UniqueConstraint(
                fields=["unit", "number"], condition=~Q(number=""), name="person_number_in_unit"
            ),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=False) | ~Q(name_zh="", name_en=""),
                name="person_has_a_name",
            ),
        ]
        indexes = [
            models.Index(fields=["name_sort", "id"]),
            GinIndex(fields=["search_text"], name="person_search", opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep the sort key (pinyin) and the search text in step with the names."""
        from cotutelle.people.validators import search_text, sort_key  # noqa: PLC0415

        self.name_sort = sort_key(self.name_zh, self.name_en)
        self.search_text = search_text(
            self.name_zh, self.name_en, self.number, self.username, self.email
        )
        if (fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*fields, "name_sort", "search_text"}  # type: ignore[misc]
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @property
    def display_name(self) -> str:
        """The name in the reader's language."""
        if self.erased_at:
            return _("Erased person")
        return localized(self.name_zh, self.name_en) or self.username

    @property
    def owning_unit(self) -> object:
        """The unit whose officers answer for this person."""
        return self.unit

    @property
    def is_staff(self) -> bool:
        """Whether Django's admin opens for this person: for repairs only."""
        return self.is_superuser

    @cached_property
    def active_grants(self) -> tuple[RoleGrant, ...]:
        """Roles held today, with their units; read once per request."""
        return tuple(
            self.grants.select_related("unit").filter(
                Q(ends_on__isnull=True) | Q(ends_on__gte=today()), starts_on__lte=today()
            )
        )

    @cached_property
    def roles(self) -> frozenset[Role]:
        """Roles held today anywhere."""
        return frozenset(Role(g.role) for g in self.active_grants)

    def has_perm(self, permission: str, obj: object = None) -> bool:
        """Ask the rules; a superuser repairs anything in the admin."""
        import rules  # noqa: PLC0415

        if not self.is_active:
            return False
        return bool(rules.has_perm(permission, self, obj)) or (
            self.is_superuser and not rules.perm_exists(permission)
        )

    def has_module_perms(self, app_label: str) -> bool:
        """Whether Django's admin shows the tables of ``app_label``."""
        return self.is_active and self.is_superuser


class RoleGrant(models.Model):
    """A role of a person on a unit and all below it, for a period (both days included)."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=30, choices=Role)
    unit = models.ForeignKey("institutions.Unit", models.PROTECT, related_name="grants")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="grant_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="grant_role_is_known"),
            ExclusionConstraint(
                name="grant_periods_do_not_overlap",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("unit", RangeOperators.EQUAL),
                    (
                        Func(
                            F("starts_on"),
                            F("ends_on"),
                            models.Value("[]"),
                            function="daterange",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        indexes = [models.Index(fields=["role", "unit"])]

    def __str__(self) -> str:
        return f"{self.person} – {Role(self.role).label}"

    def is_active_on(self, day: dt.date) -> bool:
        """Whether the role is held on ``day``."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


class SavedView(models.Model):
    """A list with its filters, kept under a name."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=100)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "page", "name"], name="saved_view_name")
        ]

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """A key with which a program acts for a person; only its SHA-256 is kept."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
