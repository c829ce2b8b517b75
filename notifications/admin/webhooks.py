"""Webhooks: a shop's own with their log, and those of the marketplace."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldBooleanSwitchWidget,
)

from marketflow.core import rate_limits
from marketflow.core.admin import (
    ReadOnly,
    ShopScopedAdmin,
    ShopScopedInline,
    StaffAdmin,
    seller_site,
    staff_site,
)
from marketflow.core.admin_forms import answered, ask
from marketflow.core.errors import Refusal
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from notifications.services.webhooks import endpoints
from notifications.webhook_events import EVENTS, EVERYTHING
from notifications.webhook_querysets import DUTY

STATE_COLOURS = {
    "on": "success",
    "failing": "warning",
    "off": "danger",
    "waiting": "warning",
    "delivered": "success",
    "failed": "danger",
}
STATES = {"on": _("On"), "failing": _("Failing"), "off": _("Off")}
CHOICES = [(EVERYTHING, _("Everything, and what is added later"))]
CHOICES += [(name, f"{name}: {words}") for name, words in EVENTS.items()]


class EndpointForm(forms.ModelForm):
    """`problem` is what is wrong with the address, looked at before the transaction began."""

    problem = ""
    events = forms.MultipleChoiceField(
        label=_("Events"), choices=CHOICES, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["url", "description", "events"]

    def clean_url(self) -> str:
        if self.problem:
            raise forms.ValidationError(self.problem)
        return self.cleaned_data["url"]


class ConfirmForm(forms.Form):
    """Nothing to fill in: a button that says what it does."""


class SpanForm(forms.Form):
    since = forms.SplitDateTimeField(label=_("From (UTC)"), widget=UnfoldAdminSplitDateTimeWidget)
    only_failed = forms.BooleanField(
        label=_("Only what was given up"), required=False, widget=UnfoldBooleanSwitchWidget
    )


class EndpointPages:
    """Mix in before the site's ModelAdmin: what can be done with an endpoint."""

    form = EndpointForm
    list_display = ["url", "badge", "event_names", "last_success_at", "failing_since"]
    actions = ["send_test", "send_again_since", "renew_secret", "switch_on", "switch_off"]
    shown = ["state_text", "last_success_at", "failing_since", "off_at", "log"]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*self.form._meta.fields, *(self.shown if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return self.shown if obj else []

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # The resolver takes its time, and the form is read in a transaction.
        request.address_problem = _problem_of(request) if request.method == "POST" else ""
        return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> type:
        form = super().get_form(request, obj, **kwargs)
        form.problem = getattr(request, "address_problem", "")
        return form

    def save_form(self, request: HttpRequest, form: forms.Form, change: bool) -> WebhookEndpoint:
        values = {name: form.cleaned_data[name] for name in ("url", "description", "events")}
        if change:
            return endpoints.change(endpoint=form.instance, **values)
        shop = form.cleaned_data.get("shop")
        endpoint, secret = endpoints.create(shop=shop, by=request.user, **values)
        _show_secret(request, endpoint, secret)
        return endpoint

    def save_model(
        self, request: HttpRequest, obj: WebhookEndpoint, form: forms.Form, change: bool
    ) -> None:
        form.save_m2m = lambda: None  # The service has saved it.

    @display(description=_("state"), label=STATE_COLOURS)
    def badge(self, endpoint: WebhookEndpoint) -> tuple[str, str]:
        return endpoint.state, STATES[endpoint.state]

    @display(description=_("state"))
    def state_text(self, endpoint: WebhookEndpoint) -> str:
        reason = endpoint.get_off_reason_display() if endpoint.off_reason else ""
        return reason or str(STATES[endpoint.state])

    @display(description=_("events"))
    def event_names(self, endpoint: WebhookEndpoint) -> str:
        return (
            gettext("Everything") if EVERYTHING in endpoint.events else ", ".join(endpoint.events)
        )

    @display(description=_("log"))
    def log(self, endpoint: WebhookEndpoint) -> str:
        name = f"{self.admin_site.name}:notifications_webhookdelivery_changelist"
        address = f"{reverse(name)}?endpoint__id__exact={endpoint.pk}"
        return format_html(
            '<a href="{}">{}</a>', address, gettext("What was told, and the answers")
        )

    @action(description=_("Send a test event"), permissions=["change"])
    def send_test(self, request: HttpRequest, rows: QuerySet) -> None:
        for endpoint in rows:
            self._try(request, endpoint, lambda one: endpoints.send_test(endpoint=one))

    @action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, rows: QuerySet) -> None:
        for endpoint in rows:
            self._try(request, endpoint, lambda one: _switch(one, True))

    @action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, rows: QuerySet) -> None:
        for endpoint in rows:
            self._try(request, endpoint, lambda one: _switch(one, False))

    @action(description=_("Make a new secret"), permissions=["change"])
    def renew_secret(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        form = answered(request, ConfirmForm)
        if not form.is_valid():
            return ask(
                self,
                request,
                rows,
                form,
                action="renew_secret",
                title=gettext("The former secret signs beside the new one for a day."),
                button=gettext("Make a new secret"),
            )
        for endpoint in rows:
            _show_secret(request, endpoint, endpoints.renew_secret(endpoint=endpoint))
        return None

    @action(description=_("Send again from an hour on"), permissions=["change"])
    def send_again_since(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        form = answered(request, SpanForm)
        if not form.is_valid():
            return ask(
                self,
                request,
                rows,
                form,
                action="send_again_since",
                title=gettext("What was told from then on is told again, in order"),
                button=gettext("Send again"),
            )
        for endpoint in rows:
            self._try(
                request,
                endpoint,
                lambda one: endpoints.send_span_again(endpoint=one, **form.cleaned_data),
            )
        return None

    def _try(self, request: HttpRequest, endpoint: WebhookEndpoint, step: Any) -> None:
        try:
            step(endpoint)
        except Refusal as refusal:
            messages.error(request, f"{endpoint}: {refusal.message}")
        else:
            messages.success(request, gettext("%(endpoint)s: done.") % {"endpoint": endpoint})


class Tries:
    model = WebhookAttempt
    fields = ["made_at", "status", "milliseconds", "error", "response_body"]
    readonly_fields = fields
    verbose_name_plural = _("Requests and answers")


class OwnTriesInline(Tries, ReadOnly, ShopScopedInline, TabularInline):
    duty = DUTY
    tab = True


class TriesInline(Tries, ReadOnly, TabularInline):
    tab = True


class DeliveryPages:
    """Mix in before the site's ModelAdmin: the log, to look at and to send again from."""

    list_display = ["event", "badge", "endpoint", "last_status", "attempts", "created_at"]
    list_select_related = ["endpoint__shop"]
    list_filter = ["state", "event", ("endpoint", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["event_id", "uuid"]
    actions = ["send_again"]
    fields = [
        ("event", "state_text"),
        ("endpoint", "event_id"),
        ("attempts", "last_status"),
        "last_error",
        ("created_at", "due_at", "delivered_at"),
        "content",
    ]
    readonly_fields = [name for row in fields for name in ([row] if isinstance(row, str) else row)]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        # A body may be large, and lists don't show it.
        return rows if request.resolver_match.kwargs.get("object_id") else rows.defer("body")

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def badge(self, delivery: WebhookDelivery) -> tuple[str, str]:
        return delivery.state, delivery.get_state_display()

    @display(description=_("state"))
    def state_text(self, delivery: WebhookDelivery) -> str:
        return delivery.get_state_display()

    @display(description=_("body"))
    def content(self, delivery: WebhookDelivery) -> str:
        text = json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False)
        return format_html("<pre>{}</pre>", text)

    @action(description=_("Send again"), permissions=["send"])
    def send_again(self, request: HttpRequest, rows: QuerySet) -> None:
        count = 0
        for delivery in rows.order_by("position", "pk"):
            try:
                endpoints.send_again(delivery=delivery)
            except Refusal as refusal:
                messages.error(request, f"{delivery.endpoint}: {refusal.message}")
            else:
                count += 1
        messages.success(request, gettext("%(count)d will be sent again.") % {"count": count})


# --- sellers


@admin.register(WebhookEndpoint, site=seller_site)
class OwnEndpointAdmin(EndpointPages, ShopScopedAdmin):
    duty = DUTY
    list_select_related = ["shop"]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["shop", *super().get_fields(request, obj)]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*(["shop"] if obj else []), *super().get_readonly_fields(request, obj)]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, object]:
        from accounts.models import Shop

        return {"shop": Shop.objects.managed_by(request.user, self.duty).first()}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.required = True
        return field


@admin.register(WebhookDelivery, site=seller_site)
class OwnDeliveryAdmin(DeliveryPages, ReadOnly, ShopScopedAdmin):
    duty = DUTY
    inlines = [OwnTriesInline]

    def has_send_permission(self, request: HttpRequest) -> bool:
        return self.has_duty(request)


# --- staff


@admin.register(WebhookEndpoint, site=staff_site)
class EndpointAdmin(EndpointPages, StaffAdmin):
    """The marketplace's own to work with; those of shops to look at and switch off."""

    list_display = [*EndpointPages.list_display, "shop"]
    list_select_related = ["shop"]
    list_filter = ["is_enabled", "off_reason"]
    search_fields = ["url", "shop__name"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        is_own = obj is None or obj.shop_id is None
        return is_own and super().has_change_permission(request, obj)

    @action(description=_("Make a new secret"), permissions=["change"])
    def renew_secret(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        # Nobody behind the counter gets to know a shop's secret.
        return super().renew_secret(request, rows.filter(shop=None))


@admin.register(WebhookDelivery, site=staff_site)
class DeliveryAdmin(DeliveryPages, ReadOnly, StaffAdmin):
    inlines = [TriesInline]

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_webhookdelivery")


def _problem_of(request: HttpRequest) -> str:
    try:
        rate_limits.count("webhook_address", f"user:{request.user.pk}")
        endpoints.require_public(request.POST.get("url", ""))
    except Refusal as refusal:
        return str(refusal.message)
    return ""


def _show_secret(request: HttpRequest, endpoint: WebhookEndpoint, secret: str) -> None:
    words = gettext("The secret of %(endpoint)s, shown this once: %(secret)s")
    messages.warning(request, words % {"endpoint": endpoint, "secret": secret})


def _switch(endpoint: WebhookEndpoint, is_enabled: bool) -> None:
    endpoints.change(endpoint=endpoint, is_enabled=is_enabled)
