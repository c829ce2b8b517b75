"""Reviews: a shop reads and answers its own, staff take down what should not stand there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from marketflow.core.admin import ReadOnly, ShopScopedAdmin, StaffAdmin, seller_site, staff_site
from marketflow.core.admin_forms import ReasonForm, answered, ask
from marketflow.core.errors import Refusal
from marketflow.core.plain_text import plain_text
from orders.models import Review, ReviewReport
from orders.services import reviews


class Starred:
    """Mix in: the stars as a number and a badge, the name as everybody reads it."""

    @display(description=_("stars"), ordering="rating")
    def stars(self, review: Review) -> str:
        return f"{review.rating} ★"

    @display(description=_("author"))
    def byline(self, review: Review) -> str:
        return review.author_name

    @display(description=_("bought as"))
    def options(self, review: Review) -> str:
        return review.line.options or "–"


# --- sellers


class AnsweredFilter(admin.SimpleListFilter):
    title = _("reply")
    parameter_name = "reply"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [("none", _("Not answered"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(replied_at=None) if self.value() == "none" else queryset


class ReplyForm(forms.ModelForm):
    class Meta:
        model = Review
        fields = ["reply"]
        widgets = {"reply": UnfoldAdminTextareaWidget(attrs={"rows": 4})}
        help_texts = {"reply": _("Everybody reads it, below the review. It can't be changed.")}

    def clean_reply(self) -> str:
        text = plain_text(self.cleaned_data["reply"])
        if not text:
            raise forms.ValidationError(_("Write a reply."))
        if len(text) > Review.LONGEST_REPLY:
            most = {"most": Review.LONGEST_REPLY}
            raise forms.ValidationError(_("Use at most %(most)d characters.") % most)
        return text


@admin.register(Review, site=seller_site)
class OwnReviewAdmin(Starred, ShopScopedAdmin):
    duty = "reviews"
    form = ReplyForm
    list_display = ["stars", "product", "title", "byline", "is_answered", "created_at"]
    list_display_links = ["stars", "product"]
    list_select_related = ["product", "author"]
    list_filter = [AnsweredFilter, "rating"]
    search_fields = ["product__title", "title", "body"]
    fields = [("product", "options"), ("stars", "byline", "created_at"), "title", "body", "reply"]
    written = ["product", "options", "stars", "byline", "created_at", "title", "body"]

    @display(description=_("answered"), boolean=True)
    def is_answered(self, review: Review) -> bool:
        return review.replied_at is not None

    def get_readonly_fields(self, request: HttpRequest, obj: Review | None = None) -> list[str]:
        return [*self.written, "reply"] if obj and obj.replied_at else self.written

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Review | None = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Review, form: forms.ModelForm, change: bool
    ) -> None:
        if "reply" not in form.cleaned_data:
            return
        try:
            reviews.reply(review=obj, body=form.cleaned_data["reply"], actor=request.user)
        except Refusal as refusal:
            messages.error(request, gettext(str(refusal.message)))


# --- staff


class StandingFilter(admin.SimpleListFilter):
    title = _("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [("reported", _("Reported")), ("hidden", _("Hidden"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "reported":
            return queryset.reported()
        if self.value() == "hidden":
            return queryset.filter(hidden_at__isnull=False)
        return queryset


class ReportInline(ReadOnly, TabularInline):
    model = ReviewReport
    fields = ["reason", "reporter", "created_at", "closed_at"]
    readonly_fields = fields
    tab = True


@admin.register(Review, site=staff_site)
class ReviewAdmin(Starred, ReadOnly, StaffAdmin):
    list_display = ["stars", "product", "shop", "title", "byline", "objections", "state"]
    list_display_links = ["stars", "product"]
    list_select_related = ["product", "shop", "author"]
    list_filter = [StandingFilter, "rating"]
    search_fields = ["product__title", "shop__name", "title", "body", "author__email"]
    date_hierarchy = "created_at"
    inlines = [ReportInline]
    actions = ["hide", "show_again", "leave_standing"]
    fields = [
        ("product", "shop", "options"),
        ("stars", "author", "created_at", "edited_at"),
        "title",
        "body",
        ("reply", "replied_by", "replied_at"),
        ("hidden_at", "hidden_reason", "withdrawn_at"),
    ]
    readonly_fields = [name for row in fields for name in ([row] if isinstance(row, str) else row)]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        still_open = Count("reports", filter=Q(reports__closed_at=None))
        return super().get_queryset(request).annotate(open_reports=still_open)

    @display(description=_("reports"), ordering="open_reports")
    def objections(self, review: Review) -> int:
        return review.open_reports

    @display(
        description=_("state"),
        label={"shown": "success", "hidden": "danger", "withdrawn": "info"},
    )
    def state(self, review: Review) -> tuple[str, str]:
        if review.withdrawn_at:
            return "withdrawn", gettext("Withdrawn")
        if review.hidden_at:
            return "hidden", gettext("Hidden")
        return "shown", gettext("Shown")

    def has_judge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.change_review")

    @action(description=_("Hide, with a reason"), permissions=["judge"])
    def hide(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        return self._judge(request, rows, "hide", gettext("Hide"))

    @action(description=_("Show again, with a reason"), permissions=["judge"])
    def show_again(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        return self._judge(request, rows, "show_again", gettext("Show again"))

    @action(description=_("Leave standing: close the reports"), permissions=["judge"])
    def leave_standing(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        return self._judge(request, rows, "leave_standing", gettext("Leave standing"))

    def _judge(
        self, request: HttpRequest, rows: QuerySet, what: str, button: str
    ) -> HttpResponse | None:
        form = answered(request, ReasonForm)
        if not form.is_valid():
            return ask(self, request, rows, form, action=what, title=button, button=button)
        reason = form.cleaned_data["reason"]
        judged = sum(self._did(request, one, what, reason) for one in rows.order_by("pk"))
        words = ngettext("%(n)d review judged.", "%(n)d reviews judged.", judged)
        messages.success(request, words % {"n": judged})
        return None

    @transaction.atomic
    def _did(self, request: HttpRequest, review: Review, what: str, reason: str) -> bool:
        before = {"hidden_reason": review.hidden_reason}
        steps: dict[str, Any] = {
            "hide": lambda: reviews.hide(review=review, reason=reason),
            "show_again": lambda: reviews.show(review=review),
            "leave_standing": lambda: reviews.dismiss_reports(review=review),
        }
        if not steps[what]():
            return False
        review.refresh_from_db(fields=["hidden_reason"])
        after = {"hidden_reason": review.hidden_reason}
        self.audit(request, what, review, before=before, after=after, reason=reason)
        return True
