"""The front door for pages and the API in production."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketflow.settings")
# Somebody waits for the answer: a statement that takes longer must not take the worker with it.
os.environ.setdefault("DB_STATEMENT_SECONDS", "3")
os.environ.setdefault("DB_IDLE_SECONDS", "10")

application = get_wsgi_application()


def load_everything() -> None:
    """Load now, before workers are forked, what requests would load one by one in each of them.

    Connects to nothing: a connection must not be shared by processes.
    """
    from channels.layers import get_channel_layer
    from django.core.cache import caches

    from marketflow.celery import app
    from orders import gateways

    # Every view and serializer.
    get_resolver().url_patterns  # noqa: B018
    # The SDKs of payment providers, and the ways to Redis.
    gateways.enabled()
    get_channel_layer(), caches["default"]
    app.tasks, app.amqp, app.connection_for_write().get_transport_cls()
    # What is here stays: the collector need not look through it again and again, nor copy by
    # its marks the memory that workers share. Nor need it look after every 700 new objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


load_everything()
