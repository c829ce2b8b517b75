"""Pages of an admin site that are views of their own, in the site's frame and behind its door."""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import Any

from django.views.decorators.http import require_POST


class HasPages:
    """Mix in before ModelAdmin. A page's view takes the model admin, then the request."""

    def page(self, view: Any) -> Any:
        return self.admin_site.admin_view(update_wrapper(partial(view, self), view))

    def step(self, view: Any) -> Any:
        return require_POST(self.page(view))
