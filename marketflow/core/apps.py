from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules


class MarketAdminConfig(AdminConfig):
    default_site = "marketflow.core.admin_sites.StaffAdminSite"


class CoreConfig(AppConfig):
    name = "marketflow.core"
    label = "core"

    def ready(self) -> None:
        from django_structlog.signals import bind_extra_request_metadata

        from marketflow.core import append_only, checks, guards, logs  # noqa: F401

        guards.require_tests()

        # Every process knows every event and receiver, so any process can relay.
        autodiscover_modules("events", "receivers", "invariants", "personal")
        append_only.connect()
        bind_extra_request_metadata.connect(logs.bind_address)
