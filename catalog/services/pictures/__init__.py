"""Pictures of products: taking them in, making their sizes, fetching and removing them.

An upload is checked by its bytes, decoded in a process of its own and encoded anew; only what
was encoded here is ever served. The upload itself stays in the private storage, because sizes
may have to be made again.
"""

from catalog.services.pictures.adding import add_picture, forget_files, remove_picture
from catalog.services.pictures.making import make_sizes, make_waiting
from catalog.services.pictures.refusals import BadPicture

__all__ = [
    "BadPicture",
    "add_picture",
    "forget_files",
    "make_sizes",
    "make_waiting",
    "remove_picture",
]
