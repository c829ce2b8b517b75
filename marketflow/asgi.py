"""The front door for sockets, and for pages too where one process serves both."""

from __future__ import annotations

import gc
import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import get_resolver, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketflow.settings")
# Somebody waits for the answer: a statement that takes longer must not take the worker with it.
os.environ.setdefault("DB_STATEMENT_SECONDS", "3")
os.environ.setdefault("DB_IDLE_SECONDS", "10")
django.setup(set_prefix=False)  # Imports below need the apps.

from accounts.sockets import ReadCredentials  # noqa: E402
from catalog.routing import websocket_urlpatterns as inventory  # noqa: E402
from chat.routing import websocket_urlpatterns as chat  # noqa: E402
from marketflow.core.pages import PagesHandler  # noqa: E402
from marketflow.core.realtime.lines import KnowLines  # noqa: E402
from marketflow.core.realtime.origins import OwnOriginOnly, refuse  # noqa: E402
from notifications.routing import websocket_urlpatterns as notifications  # noqa: E402

routes = URLRouter([*inventory, *chat, *notifications, re_path("", refuse)])

application = ProtocolTypeRouter(
    {"http": PagesHandler(), "websocket": OwnOriginOnly(KnowLines(ReadCredentials(routes)))}
)

# Loaded now, and passed over from now on by the collector of garbage: it stops everything while it
# looks, and with a thousand sockets open it looked for half a second.
get_resolver().url_patterns  # noqa: B018
gc.collect()
gc.freeze()
