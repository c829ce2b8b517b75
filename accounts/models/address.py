from __future__ import annotations

import uuid
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from accounts import postcodes
from accounts.querysets import AddressQuerySet


class PostalAddress(models.Model):
    """The fields of an address, wherever one is kept."""

    FIELDS = ["name", "line1", "line2", "postcode", "city", "region", "country", "phone"]

    name = models.CharField(_("full name"), max_length=120)
    line1 = models.CharField(_("address line 1"), max_length=120)
    line2 = models.CharField(_("address line 2"), max_length=120, blank=True)
    postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    city = models.CharField(_("town or city"), max_length=80)
    region = models.CharField(_("region"), max_length=80, blank=True)
    country = CountryField(_("country"))
    phone = models.CharField(_("phone"), max_length=32, blank=True)

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        super().clean_fields(exclude=exclude)
        is_asked = "postcode" not in (exclude or ())
        if is_asked and not self.postcode and postcodes.are_needed(self.country.code or ""):
            raise ValidationError({"postcode": _("Enter the postcode")})

    @property
    def country_name(self) -> str:
        return str(self.country.name) if self.country else ""

    def lines(self) -> list[str]:
        """As it stands on a parcel."""
        town = f"{self.postcode} {self.city}".strip()
        parts = [self.name, self.line1, self.line2, town, self.region, self.country_name]
        return [part for part in parts if part]

    def snapshot(self) -> dict[str, str]:
        """Plain values, to copy onto an order."""
        return {field: str(getattr(self, field) or "") for field in self.FIELDS}


class Address(PostalAddress):
    """An address in somebody's book. Orders copy it; editing it changes no order."""

    MOST = 20

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="addresses")
    is_default = models.BooleanField(_("use by default"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        ordering = ["-is_default", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(is_default=True),
                name="one_default_address",
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(self.lines())
