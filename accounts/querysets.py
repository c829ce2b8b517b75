from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, Max, OuterRef, Q
from django.db.models.functions import Now
from django.utils.timezone import localdate, now


def bought_by(user, path: str) -> Q:
    """Rows whose buyer, at `path`, is `user`. A key acts for its shop and buys nothing."""
    return Q(pk=None) if user.api_key else Q(**{path: user})


class AddressQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user) if user.is_authenticated else self.none()


class ShopQuerySet(models.QuerySet):
    def open(self):
        return self.filter(state="open")

    def trading(self):
        """Open, and not on vacation today: begun and not yet over closes it, nothing else."""
        today = localdate()
        away = Q(away_from__lte=today) & (Q(away_until=None) | Q(away_until__gte=today))
        return self.open().exclude(away)

    def managed_by(self, user, duty: str = ""):
        """Shops `user` works for; with `duty`, those where their role allows it."""
        from accounts.models import ShopMember

        return self.filter(pk__in=ShopMember.objects.held_by(user, duty).values("shop"))

    def decided_by(self, user):
        """All shops, to whom may decide on applications: staff, and the house's own programs.

        None to everybody else.
        """
        if not user.is_authenticated or not user.is_staff:
            return None
        is_of_a_shop = user.api_key and user.api_key.shop_id
        may = user.has_perm("accounts.change_shop") and not is_of_a_shop
        return self.all() if may else None

    def visible_to(self, user):
        """Open and suspended shops, plus one's own whatever their state."""
        public = Q(state__in=["open", "suspended"])
        if not user.is_authenticated:
            return self.filter(public)
        if user.is_staff:
            return self
        return self.filter(public | Q(pk__in=self.model.objects.managed_by(user).values("pk")))

    def with_followed_by(self, user):
        """Note on each whether `user` follows it."""
        from accounts.models import ShopFollow

        mine = ShopFollow.objects.visible_to(user).filter(shop=OuterRef("pk"))
        return self.annotate(is_followed=Exists(mine))


class ShopMemberQuerySet(models.QuerySet):
    def held_by(self, user, duty: str = ""):
        """The seats of `user` in their shops; with `duty`, those whose role allows it."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        seats = self.filter(user=user)
        if user.api_key:
            seats = seats.filter(shop=user.api_key.shop_id)
        return seats.with_duty(duty) if duty else seats

    def with_duty(self, duty: str):
        return self.filter(role__in=self.model.DUTIES[duty])

    def managed_by(self, user, duty: str = "settings"):
        """The colleagues in shops whose settings `user` may change."""
        from accounts.models import Shop

        return self.filter(shop__in=Shop.objects.managed_by(user, duty).values("pk"))


class ShopInvitationQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(invited_at__gt=now() - self.model.LIFE)

    def visible_to(self, user):
        """Those sent to the address of `user`, who has proven to own it by signing in."""
        if not user.is_authenticated or not user.email:
            return self.none()
        return self.waiting().filter(email=user.email)

    def managed_by(self, user, duty: str = "settings"):
        from accounts.models import Shop

        return self.filter(shop__in=Shop.objects.managed_by(user, duty).values("pk"))


class ShopFollowQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user) if user.is_authenticated else self.none()

    def heard(self):
        """Those of people who are there and want to be told."""
        return self.filter(is_muted=False, user__is_active=True)


class BankAccountQuerySet(models.QuerySet):
    def in_use(self):
        return self.filter(replaced_at=None)

    def usable(self):
        """In use, and past its cooling-off period by the database's clock."""
        return self.in_use().filter(usable_from__lte=Now())

    def managed_by(self, user, duty: str = "money"):
        from accounts.models import Shop

        return self.filter(shop__in=Shop.objects.managed_by(user, duty).values("pk"))


class ApiKeyQuerySet(models.QuerySet):
    def usable(self):
        """Neither revoked nor expired by the database's clock."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)

    def visible_to(self, user):
        """The keys that somebody made, and those of the shops whose keys they look after."""
        if not user.is_authenticated:
            return self.none()
        mine = Q(made_by=user)
        return self.filter(mine | Q(pk__in=self.model.objects.managed_by(user).values("pk")))

    def managed_by(self, user, duty: str = "keys"):
        from accounts.models import Shop

        return self.filter(shop__in=Shop.objects.managed_by(user, duty).values("pk"))


class RefreshFamilyQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user) if user.is_authenticated else self.none()

    def alive(self):
        """Not ended, and with a refresh token that is not over."""
        from accounts.models import RefreshLink

        oldest = Now() - timedelta(days=settings.REFRESH_TOKEN_DAYS)
        fresh = RefreshLink.objects.filter(issued_at__gt=oldest)
        return self.filter(revoked_at=None, pk__in=fresh.values("family"))

    def with_last_use(self):
        return self.annotate(last_used_at=Max("links__issued_at"))


class BrowserSessionQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user) if user.is_authenticated else self.none()

    def alive(self):
        return self.filter(seen_at__gt=Now() - timedelta(seconds=settings.SESSION_COOKIE_AGE))


class DataExportQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user) if user.is_authenticated else self.none()

    def old(self):
        return self.filter(requested_at__lt=Now() - timedelta(days=self.model.KEPT_DAYS))
