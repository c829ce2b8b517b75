from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models.shop import ShopMember
from accounts.querysets import ShopInvitationQuerySet


class ShopInvitation(models.Model):
    """Somebody is asked to work for a shop. It waits for whoever proves to own the address."""

    LIFE = timedelta(days=14)

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    shop = models.ForeignKey("accounts.Shop", models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(
        _("role"), max_length=10, choices=ShopMember.Role, default=ShopMember.Role.MANAGER
    )
    invited_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, related_name="+", editable=False
    )
    invited_at = models.DateTimeField(_("invited"), default=now, editable=False)

    objects = ShopInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "email"], name="one_invitation_per_address"),
        ]

    def __str__(self) -> str:
        return f"{self.email} · {self.get_role_display()}"
