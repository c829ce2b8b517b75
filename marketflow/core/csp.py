"""One Content-Security-Policy per path, the strict one everywhere else.

django-csp builds the header from the settings; this middleware stands after it and replaces
single directives by path prefix, error pages included.

- Storefront: no inline script and no `style` attribute at all, so no nonce is needed.
- `/admin/`, `/seller/`: Unfold's Alpine evaluates expressions and writes styles.
- `/api/`: DRF's browsable API keeps its scripts in files, but writes `style` attributes.
"""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

INLINE_STYLE = {"style-src": [SELF, UNSAFE_INLINE]}
UNFOLD_NEEDS = {"script-src": [SELF, UNSAFE_EVAL]} | INLINE_STYLE
BY_PREFIX = {
    "/admin/": UNFOLD_NEEDS,
    "/seller/": UNFOLD_NEEDS,
    "/api/": INLINE_STYLE,
}


class PolicyByPathMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for prefix, directives in BY_PREFIX.items():
            # A view's own `csp_replace` wins.
            if request.path.startswith(prefix) and not hasattr(response, "_csp_replace"):
                response._csp_replace = directives
        return response
