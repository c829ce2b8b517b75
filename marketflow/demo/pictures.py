"""Pictures for the demo's goods, drawn by the program and taken in like any upload."""

from __future__ import annotations

import io
import logging

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import close_old_connections

from catalog.models import Product
from catalog.services import pictures
from marketflow.storefront.art import draw, kind_for, to_image

logger = logging.getLogger(__name__)
SIZE = 1000
VIEWS = 2


def without_pictures(most: int) -> list[int]:
    """Products that still need theirs: the newest first, up to `most` of the whole market."""
    newest = Product.objects.listed().order_by("-published_at", "-pk").values_list("pk", flat=True)
    wanted = list(newest[:most])
    bare = Product.objects.filter(pk__in=wanted, images=None).values_list("pk", flat=True)
    missing = set(bare)
    return [pk for pk in wanted if pk in missing]


def kind_of(product: Product) -> str | None:
    """What to draw: what the shelf holds, else what the title names."""
    category = product.category.name if product.category else ""
    return kind_for(category) or kind_for(product.title)


def draw_for(pk: int) -> None:
    """Draw the views of one product and add them to its gallery."""
    product = Product.objects.select_related("category").get(pk=pk)
    category = product.category.name if product.category else ""
    kind = kind_of(product)
    for view in range(VIEWS):
        seed = f"{product.slug}:{view}" if view else product.slug
        image = to_image(draw(seed, kind, category), SIZE, 1)
        data = io.BytesIO()
        image.save(data, "JPEG", quality=88)
        upload = SimpleUploadedFile(f"{product.slug}-{view}.jpg", data.getvalue(), "image/jpeg")
        alt = product.title if not view else f"{product.title}, view {view + 1}"
        pictures.add_picture(product=product, file=upload, alt=alt, position=view)


def draw_missing(most: int) -> int:
    """Draw what is missing, one product after the other. For a thread behind the running site."""
    drawn = 0
    try:
        for pk in without_pictures(most):
            draw_for(pk)
            drawn += 1
    except Exception:
        logger.exception("drawing the demo's pictures stopped")
    finally:
        close_old_connections()
    return drawn
