"""Placeholder art: small still lifes drawn from a seed, always the same for the same seed.

A drawing is a list of shapes; `svg` and `raster` turn the same list into text or a picture.
"""

from marketflow.storefront.art.drawings import avatar, cover, draw, mark, picture
from marketflow.storefront.art.kinds import KINDS, kind_for
from marketflow.storefront.art.raster import to_image
from marketflow.storefront.art.svg import to_svg
from marketflow.storefront.art.views import art

__all__ = [
    "KINDS",
    "art",
    "avatar",
    "cover",
    "draw",
    "kind_for",
    "mark",
    "picture",
    "to_image",
    "to_svg",
]
