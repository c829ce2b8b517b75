"""The smallest Django there is, to measure by: a hello, and a page of one row.

Served as the market is, by the same command, on the same PostgreSQL over a connection that stays.
No middleware, no session, no policy: what a page of the market costs is told in pages like these.
benchmarks.pages makes the table.
"""

from __future__ import annotations

import django
import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": environ.Env().db() | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=[],
    ROOT_URLCONF=__name__,
)
django.setup()


class Row(models.Model):
    title = models.TextField()
    body = models.TextField()

    class Meta:
        app_label = "bare"
        db_table = "bare_row"

    def __str__(self) -> str:
        return self.title


PAGE = Engine().from_string(
    "<!doctype html><title>{{ row.title }}</title><h1>{{ row.title }}</h1><p>{{ row.body }}</p>"
)


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


def one_row(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(PAGE.render(Context({"row": Row.objects.get(pk=pk)})))


urlpatterns = [path("", hello), path("<int:pk>/", one_row)]
application = get_wsgi_application()
