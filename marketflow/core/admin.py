"""Two admins: the house's, and the sellers', where only rows of their own shops exist."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite


class StorefrontLogin:
    """People sign in on the storefront's page: one form, one limit, one look."""

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or request.get_full_path())


class StaffAdminSite(StorefrontLogin, UnfoldAdminSite):
    pass


class SellerAdminSite(StorefrontLogin, UnfoldAdminSite):
    settings_name = "UNFOLD_SELLER"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_active and user.is_authenticated and user.memberships.exists()


class ShopScoped:
    """Mix in before ModelAdmin: rows of the shops the person runs, and choices among them.

    `managed_by(user)` on the model's manager is the only rule. The queryset is the guard: another
    shop's row and a row that never was look the same.
    """

    # Foreign keys whose every row anyone may choose, such as a category.
    public_choices: tuple[str, ...] = ()
    # What a member must be allowed to do, by `ShopMember.may`; blank: any member.
    duty = ""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        own = self.model.objects.managed_by(request.user).values("pk")
        return super().get_queryset(request).filter(pk__in=own)

    def get_field_queryset(
        self, db: str, db_field: models.ForeignKey, request: HttpRequest
    ) -> models.QuerySet:
        if db_field.name in self.public_choices:
            return super().get_field_queryset(db, db_field, request)
        # A model without `managed_by` raises: a relation that cannot be scoped is refused.
        return db_field.remote_field.model.objects.managed_by(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._has_duty(request)

    def has_own_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        if not self._has_duty(request):
            return False
        own = self.model.objects.managed_by(request.user)
        return obj is None or own.filter(pk=obj.pk).exists()

    has_view_permission = has_change_permission = has_delete_permission = has_own_permission

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        # Inlines hand over the parent, pages nothing: only the site's rule applies.
        return self._has_duty(request)

    def _has_duty(self, request: HttpRequest) -> bool:
        if not self.admin_site.has_permission(request):
            return False
        return not self.duty or request.user.memberships.with_duty(self.duty).exists()


class ShopScopedAdmin(ShopScoped, ModelAdmin):
    pass


class ShopScopedInline(ShopScoped):
    """Mix in before an Unfold inline. It belongs to its parent's page, which is scoped already."""

    def has_own_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        # `obj` is the parent here: it must not be looked for among the inline's rows.
        return self._has_duty(request)

    has_view_permission = has_change_permission = has_delete_permission = has_own_permission


class ReadOnly:
    """Mix in before ModelAdmin or an inline: to look at, never to touch."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


# The default site is StaffAdminSite (MarketAdminConfig).
staff_site = admin.site
seller_site = SellerAdminSite(name="seller")
