"""Addresses that pages had before: a changed slug goes on leading to its page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.cache import patch_cache_control

from marketflow.core.models import FormerSlug

View = Callable[..., HttpResponse]


@transaction.atomic
def note_change(*, row: models.Model) -> None:
    """Keep the slug that `row` has in the database. Call it before saving another one.

    Locks the row. A slug leads to whoever left it last, and to nobody but its owner once it is
    taken again. Safe to repeat.
    """
    model = type(row)
    kept = model.objects.select_for_update().values_list("slug", flat=True).get(pk=row.pk)
    if kept == row.slug:
        return
    former = FormerSlug.objects.filter(kind=model._meta.label_lower)
    former.filter(slug=row.slug).delete()
    FormerSlug.objects.update_or_create(
        kind=model._meta.label_lower, slug=kept, defaults={"row_id": row.pk}
    )


def current(model: type[models.Model], slug: str) -> str | None:
    """The slug of the row that left `slug`; None where nobody did, or somebody has it now."""
    if model.objects.filter(slug=slug).exists():
        return None
    left = FormerSlug.objects.filter(kind=model._meta.label_lower, slug=slug)
    return (
        model.objects.filter(pk__in=left.values("row_id")).values_list("slug", flat=True).first()
    )


def follows_moves(model: type[models.Model], find: Callable[[HttpRequest, str], object]):
    """For a page at a slug of `model`: one that is not found is looked up among former ones.

    `find(request, slug)` raises Http404 for what the visitor may not see: then nothing tells that
    it has moved. A page that is found pays nothing for this.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def moved(request: HttpRequest, slug: str) -> HttpResponse:
            try:
                return view(request, slug)
            except Http404:
                now_at = current(model, slug) if request.method in ("GET", "HEAD") else None
                if now_at is None:
                    raise
                return _to(request, find(request, now_at))

        return moved

    return decorate


def _to(request: HttpRequest, row: models.Model) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    address = row.get_absolute_url() + (f"?{query}" if query else "")
    response = HttpResponsePermanentRedirect(address)
    # Slugs may change back: a browser that kept both ways would go round in circles.
    patch_cache_control(response, no_cache=True)
    return response
