"""What browsers and researchers look for at fixed addresses."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

HOUR = 3600
VALID_FOR = timedelta(days=180)
PAPER = "#fbfaf7"
ICONS = (
    ("img/icon-192.png", "192x192", "any"),
    ("img/icon-512.png", "512x512", "any"),
    ("img/icon-maskable-512.png", "512x512", "maskable"),
)


@require_safe
@cache_control(public=True, max_age=HOUR)
def manifest(request: HttpRequest) -> JsonResponse:
    """How the market looks when it is put on a home screen."""
    shortcuts = {_("Search"): reverse("search"), _("Orders"): reverse("orders:list")}
    return JsonResponse(
        {
            "name": settings.MARKETPLACE_NAME,
            "short_name": settings.MARKETPLACE_NAME[:12],
            "description": _("A market of independent shops"),
            "id": "/",
            "start_url": "/?source=pwa",
            "scope": "/",
            "display": "standalone",
            "lang": settings.LANGUAGE_CODE,
            "background_color": PAPER,
            "theme_color": PAPER,
            "icons": [
                {"src": static(path), "sizes": sizes, "type": "image/png", "purpose": purpose}
                for path, sizes, purpose in ICONS
            ],
            "shortcuts": [{"name": name, "url": url} for name, url in shortcuts.items()],
        },
        content_type="application/manifest+json",
    )


@require_safe
@cache_control(public=True, max_age=HOUR)
def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell about a weakness (RFC 9116). It says of itself when it is too old."""
    lines = {
        "Contact": f"mailto:{settings.OPERATOR_EMAIL}",
        "Expires": (now() + VALID_FOR).strftime("%Y-%m-%dT00:00:00Z"),
        "Preferred-Languages": settings.LANGUAGE_CODE.partition("-")[0],
        "Canonical": settings.SITE_URL + reverse("security-txt"),
    }
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_safe
def change_password(request: HttpRequest) -> HttpResponse:
    """Password managers come here; they are led to where the password is changed."""
    return redirect("accounts:security")
