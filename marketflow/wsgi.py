"""The front door for pages and the API in production."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketflow.settings")
# Somebody waits for the answer: a statement that takes longer must not take the worker with it.
os.environ.setdefault("DB_STATEMENT_SECONDS", "3")
os.environ.setdefault("DB_IDLE_SECONDS", "10")

application = get_wsgi_application()
# Every view and serializer is loaded now, before workers are forked, and by no request.
get_resolver().url_patterns  # noqa: B018
