"""What is kept about somebody: to take along, and to have forgotten."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.api.exports import as_zip
from accounts.forms.account import DeletionForm
from accounts.models import DataExport
from accounts.pages import form_page, see_other, too_many
from accounts.services import exports, privacy
from marketflow.core.errors import Refusal
from marketflow.core.rate_limits import TooMany


@login_required
def overview(request: HttpRequest) -> HttpResponse:
    context = {"export": DataExport.objects.visible_to(request.user).first()}
    return render(request, "accounts/privacy.html", context)


@login_required
@require_POST
def ask_for_export(request: HttpRequest) -> HttpResponse:
    exports.request_export(user=request.user)
    messages.success(request, _("Your data is being put together. The link appears here."))
    return see_other("accounts:privacy")


@login_required
def export_file(request: HttpRequest, uuid: UUID) -> FileResponse:
    ready = DataExport.objects.visible_to(request.user).exclude(ready_at=None)
    return as_zip(get_object_or_404(ready, uuid=uuid))


@login_required
def delete(request: HttpRequest) -> HttpResponse:
    form = DeletionForm(request.POST or None, person=request.user)
    try:
        if request.method == "POST" and form.is_valid():
            privacy.delete_account(user=request.user)
            logout(request)
            messages.success(request, _("Your account is deleted."))
            return see_other("home")
    except TooMany as refusal:
        return too_many(request, refusal)
    except Refusal as refusal:
        form.add_error(None, refusal.message)
    return form_page(request, "accounts/account_delete.html", {"form": form})
