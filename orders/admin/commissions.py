"""Commission: the operator's list. Nothing of it is saved before its effect has been seen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from decimal import Decimal

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from marketflow.core.admin import StaffAdmin, staff_site
from marketflow.core.errors import Refusal
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money
from orders.admin.pages import HasPages
from orders.models import CommissionRule
from orders.services import commission_rules, statement_words

FACTS = [
    "name",
    "is_active",
    "shop_id",
    "category_id",
    "min_price_minor",
    "max_price_minor",
    "basis_points",
    "fixed_minor",
    "minimum_minor",
    "maximum_minor",
]
LOOK_FIRST = _("Nothing is saved yet. This is what it would change; save again to confirm.")


class Any(AutocompleteSelect):
    """Left empty it says so: a screen reader has nothing else to call the box by."""

    words = {"shop": _("Every shop"), "category": _("Every category")}

    def build_attrs(self, *args: object, **kwargs: object) -> dict[str, object]:
        attrs = super().build_attrs(*args, **kwargs)
        return attrs | {"data-placeholder": str(self.words[self.field.name])}


class RuleForm(forms.ModelForm):
    """`seen` says which effect the person looked at: another one has to be looked at first."""

    rate = forms.DecimalField(
        label=_("Rate in per cent"),
        min_value=0,
        max_value=100,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=_("Of what the shop earns with a line, delivery not counted."),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    rehearsal = None

    class Meta:
        model = CommissionRule
        fields = [name.removesuffix("_id") for name in FACTS if name != "basis_points"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["rate"] = Decimal(self.instance.basis_points) / 100

    def clean(self) -> dict:
        values = super().clean()
        lowest, highest = values.get("min_price_minor"), values.get("max_price_minor")
        if lowest is not None and highest is not None and lowest > highest:
            self.add_error("max_price_minor", _("This is below the lowest price."))
        for name in ("fixed_minor", "minimum_minor"):
            values[name] = values.get(name) or 0
        most = values.get("maximum_minor")
        if most is not None and most < values["minimum_minor"]:
            self.add_error("maximum_minor", _("This is below the least a unit costs."))
        return values

    def _post_clean(self) -> None:
        self.instance.basis_points = int((self.cleaned_data.get("rate") or 0) * 100)
        super()._post_clean()
        if not self.errors:
            self._look_first()

    def _look_first(self) -> None:
        before = commission_rules.ordered()
        rule = self.instance
        after = [rule, *before]
        if rule.pk:
            after = [rule if other.pk == rule.pk else other for other in before]
        token = _token(before, after)
        if self.cleaned_data.get("seen") == token:
            return
        self.rehearsal = commission_rules.rehearse(before, after)
        self.data = self.data.copy()
        self.data["seen"] = token
        self.add_error(None, ValidationError(LOOK_FIRST, code="look_first"))


@admin.register(CommissionRule, site=staff_site)
class RuleAdmin(HasPages, StaffAdmin):
    form = RuleForm
    change_form_template = "admin/commissions/rule_form.html"
    list_display = ["name", "conditions", "figures", "is_active", "places"]
    list_select_related = ["shop", "category"]
    list_per_page = 200
    ordering = ["position"]
    autocomplete_fields = ["shop", "category"]
    # Django's own would delete past the rehearsal.
    actions = None
    fieldsets = [
        (None, {"fields": ["name", "is_active", "seen"]}),
        (
            _("Which sales"),
            {
                "description": _("What is left empty holds for every sale."),
                "fields": ["shop", "category", ("min_price_minor", "max_price_minor")],
            },
        ),
        (
            _("How much"),
            {"fields": ["rate", "fixed_minor", ("minimum_minor", "maximum_minor")]},
        ),
    ]

    def get_urls(self) -> list[URLPattern]:
        name = "orders_commissionrule_move"
        move = self.page(RuleAdmin.move_view)
        return [path("<int:pk>/move/<str:way>/", move, name=name), *super().get_urls()]

    def formfield_for_foreignkey(self, db_field, request: HttpRequest, **kwargs: object) -> object:
        kwargs["widget"] = Any(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field, request: HttpRequest, **kwargs: object) -> object:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("fixed_minor", "minimum_minor"):
            # Empty is nothing.
            field.required = False
        return field

    @display(description=_("sales"))
    def conditions(self, rule: CommissionRule) -> str:
        return describe(rule)

    @display(description=_("commission"))
    def figures(self, rule: CommissionRule) -> str:
        return "; ".join(_figures(rule))

    @display(description=_("order"))
    def places(self, rule: CommissionRule) -> SafeString:
        up, down = (
            reverse("admin:orders_commissionrule_move", args=[rule.pk, way])
            for way in ("up", "down")
        )
        return format_html(
            '<a class="mf-btn" href="{}" aria-label="{}">↑</a> '
            '<a class="mf-btn" href="{}" aria-label="{}">↓</a>',
            up,
            gettext("Move %(rule)s up") % {"rule": rule},
            down,
            gettext("Move %(rule)s down") % {"rule": rule},
        )

    def save_model(
        self, request: HttpRequest, obj: CommissionRule, form: forms.Form, change: bool
    ) -> None:
        if not change:
            commission_rules.put_on_top(obj)
            return
        before = CommissionRule.objects.get(pk=obj.pk)
        obj.save(update_fields=FACTS)
        request._changed = _changes(before, obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return self._to_the_list()

    def log_addition(self, request: HttpRequest, obj: CommissionRule, message: object) -> object:
        self.audit(request, "added", obj, after=_facts(obj))
        return super(StaffAdmin, self).log_addition(request, obj, message)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict | None = None
    ) -> HttpResponse:
        """With its effect, as every other change."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        rule, before = self._found(object_id)
        after = [other for other in before if other.pk != rule.pk]

        def delete() -> None:
            self.audit(request, "deleted", rule, before=_facts(rule))
            rule.delete()

        title = gettext("Delete “%(rule)s”") % {"rule": rule}
        return self._confirmed(request, before, after, delete, title, gettext("Delete"))

    def move_view(self, request: HttpRequest, pk: int, way: str) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        by = {"up": -1, "down": 1}.get(way)
        if by is None:
            raise Http404
        rule, before = self._found(pk)
        by_pk = {other.pk: other for other in before}
        pks = commission_rules.moved([other.pk for other in before], rule.pk, by)

        def move() -> None:
            position = rule.position
            commission_rules.move(rule, by=by)
            places = {"position": position}, {"position": rule.position}
            self.audit(request, "moved", rule, before=places[0], after=places[1])

        words = gettext("Move “%(rule)s” up") if by < 0 else gettext("Move “%(rule)s” down")
        after = [by_pk[other] for other in pks]
        title = words % {"rule": rule}
        return self._confirmed(request, before, after, move, title, gettext("Move"))

    def _found(self, pk: object) -> tuple[CommissionRule, list[CommissionRule]]:
        rules = commission_rules.ordered()
        rule = next((rule for rule in rules if str(rule.pk) == str(pk)), None)
        if rule is None:
            raise Http404
        return rule, rules

    def _confirmed(
        self,
        request: HttpRequest,
        before: list[CommissionRule],
        after: list[CommissionRule],
        step: Callable[[], None],
        title: str,
        button: str,
    ) -> HttpResponse:
        """Show the effect; take the step once that very effect was looked at."""
        token = _token(before, after)
        if request.method == "POST" and request.POST.get("seen") == token:
            try:
                with transaction.atomic():
                    step()
            except Refusal as refusal:
                messages.error(request, refusal.message)
            else:
                messages.success(request, gettext("The list is changed."))
            return self._to_the_list()
        context = self.admin_site.each_context(request) | {
            "title": title,
            "opts": self.model._meta,
            "rehearsal": commission_rules.rehearse(before, after),
            "seen": token,
            "button": button,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/commissions/confirm.html", context)

    def _to_the_list(self) -> HttpResponse:
        return redirect(f"{self.admin_site.name}:orders_commissionrule_changelist")


def describe(rule: CommissionRule) -> str:
    """Which sales `rule` is for, in words."""
    currency = settings.MARKETPLACE_CURRENCY
    said = []
    if rule.shop_id:
        said.append(gettext("of %(shop)s") % {"shop": rule.shop})
    if rule.category_id:
        said.append(gettext("in %(category)s") % {"category": rule.category})
    if rule.min_price_minor is not None:
        price = money(Money(rule.min_price_minor, currency))
        said.append(gettext("from %(price)s a unit") % {"price": price})
    if rule.max_price_minor is not None:
        price = money(Money(rule.max_price_minor, currency))
        said.append(gettext("up to %(price)s a unit") % {"price": price})
    return ", ".join(said) or gettext("every sale")


def _figures(rule: CommissionRule) -> Iterator[str]:
    currency = settings.MARKETPLACE_CURRENCY
    yield statement_words.percent(rule.basis_points)
    if rule.fixed_minor:
        yield gettext("%(amount)s a unit") % {"amount": money(Money(rule.fixed_minor, currency))}
    if rule.minimum_minor:
        yield gettext("at least %s a unit") % money(Money(rule.minimum_minor, currency))
    if rule.maximum_minor is not None:
        yield gettext("at most %s a unit") % money(Money(rule.maximum_minor, currency))


def _facts(rule: CommissionRule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in [*FACTS, "position"]}


def _changes(before: CommissionRule, after: CommissionRule) -> tuple[dict, dict]:
    old, new = _facts(before), _facts(after)
    changed = [name for name in FACTS if old[name] != new[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}


def _token(before: list[CommissionRule], after: list[CommissionRule]) -> str:
    """Names a change: from this list to that one."""
    lists = [[(rule.pk, *_facts(rule).values()) for rule in rules] for rules in (before, after)]
    return hashlib.sha256(repr(lists).encode()).hexdigest()
