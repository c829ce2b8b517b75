"""Every address of the site, by the app that answers."""

from django.urls import include, path

from marketflow import health, media
from marketflow.core.admin import seller_site, staff_site
from marketflow.help import views as help_pages
from marketflow.storefront import offline, wellknown
from marketflow.storefront.feeds import NewProducts

urlpatterns = [
    path("", include("marketflow.storefront.urls")),
    path("", include("accounts.urls")),
    path("", include("carts.urls")),
    path("", include("orders.urls")),
    path("", include("chat.urls")),
    path("", include("analytics.urls")),
    path("", include("notifications.urls")),
    path("help/", help_pages.index, name="help_index"),
    path("help/<slug:topic>/", help_pages.topic, name="help"),
    path("feeds/new.atom", NewProducts(), name="new-products"),
    path("manifest.webmanifest", wellknown.manifest, name="manifest"),
    path("sw.js", offline.service_worker, name="service-worker"),
    path("offline/", offline.offline, name="offline"),
    path(".well-known/security.txt", wellknown.security_txt, name="security-txt"),
    path(".well-known/change-password", wellknown.change_password),
    path("api/", include("marketflow.api.urls")),
    path("seller/", seller_site.urls),
    path("admin/", staff_site.urls),
    path("media/<path:path>", media.media, name="media"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]

handler400 = "marketflow.storefront.errors.bad_request"
handler403 = "marketflow.storefront.errors.forbidden"
handler404 = "marketflow.storefront.errors.not_found"
handler500 = "marketflow.storefront.errors.server_error"
