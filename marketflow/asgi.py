"""The front door for sockets, and for pages too where one process serves both."""

from __future__ import annotations

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketflow.settings")
# Somebody waits for the answer: a statement that takes longer must not take the worker with it.
os.environ.setdefault("DB_STATEMENT_SECONDS", "3")
os.environ.setdefault("DB_IDLE_SECONDS", "10")
http = get_asgi_application()  # Loads the apps; imports below need them.

from catalog.routing import websocket_urlpatterns as inventory  # noqa: E402

sockets = AuthMiddlewareStack(URLRouter(inventory))

# Full origins: a list of hosts would let any scheme and port through.
guarded = OriginValidator(sockets, settings.ALLOWED_ORIGINS)

application = ProtocolTypeRouter({"http": http, "websocket": guarded})
