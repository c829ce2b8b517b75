"""People behind the counter. Nobody can give themselves powers here."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.models import Address, ShopMember, User
from accounts.services import second_factors, sessions
from marketflow.core.admin import ReadOnly, StaffAdmin, staff_site

# Whoever may set these could make themselves, or anybody, master of the market.
POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")


class EmailAddressInline(ReadOnly, TabularInline):
    model = EmailAddress
    verbose_name_plural = _("E-mail")
    fields = ["email", "verified", "primary"]
    readonly_fields = fields
    tab = True


class AddressInline(ReadOnly, TabularInline):
    model = Address
    fields = ["name", "line1", "postcode", "city", "country", "is_default"]
    readonly_fields = fields
    tab = True


class SeatInline(ReadOnly, TabularInline):
    model = ShopMember
    verbose_name_plural = _("Shops")
    fields = ["shop", "role", "joined_at"]
    readonly_fields = fields
    tab = True


class UserForm(UserChangeForm):
    def clean_is_staff(self) -> bool:
        is_staff = self.cleaned_data["is_staff"]
        # Nobody who sells is staff (invariant I17).
        if is_staff and self.instance.memberships.exists():
            raise ValidationError(_("Somebody who works for a shop can't be staff."))
        return is_staff


@admin.register(User, site=staff_site)
class UserAdmin(StaffAdmin, DjangoUserAdmin):
    form = UserForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "name", "is_active", "is_staff", "date_joined"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_fields = ["email", "name"]
    ordering = ["-pk"]
    # Two boxes side by side are wider than a phone.
    filter_horizontal = []
    readonly_fields = ["uuid", "last_login", "date_joined"]
    actions = ["remove_second_factors"]
    inlines = [EmailAddressInline, AddressInline, SeatInline]
    fieldsets = [
        (None, {"fields": ["email", "name", "password", "is_active", "wants_news"]}),
        (_("Powers"), {"fields": POWERS, "classes": ["tab"]}),
        (_("Times"), {"fields": ["uuid", "last_login", "date_joined"], "classes": ["tab"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "password1", "password2"]})]

    @action(description=_("Remove second factors"), permissions=["change"])
    def remove_second_factors(self, request: HttpRequest, rows: QuerySet) -> None:
        """For who lost the phone and the recovery codes, once staff know that it is them."""
        for user in rows:
            if self.has_change_permission(request, user):
                second_factors.remove_all(user)
                sessions.end_all(user)
                self.audit(request, "second_factors_removed", user)
        messages.success(request, _("They are signed out, and sign in by password."))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fixed = list(super().get_readonly_fields(request, obj))
        return fixed if request.user.is_superuser else [*fixed, *POWERS]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Staff don't touch staff: a new password for a superuser is a superuser's power.
        if obj is not None and obj.is_staff and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Orders name their buyers: an account is switched off, and emptied by its owner.
        return False

    def save_model(self, request: HttpRequest, obj: User, form: UserForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            sessions.end_all(obj)

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            user = self.get_object(request, id)
            sessions.end_all(user)
            self.audit(request, "password_set", user)
        return response


staff_site.unregister(Group)
# Shown with their user, or to nobody.
for model in (EmailAddress, Authenticator):
    if staff_site.is_registered(model):
        staff_site.unregister(model)


@admin.register(Group, site=staff_site)
class GroupAdmin(StaffAdmin, DjangoGroupAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        # A group's permissions are its members' powers.
        return request.user.is_superuser

    has_delete_permission = has_change_permission
