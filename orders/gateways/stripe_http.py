"""The line to Stripe: one client, ten seconds, no hidden second tries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import stripe
from django.conf import settings

from orders.gateways.protocol import Refused, Unknown

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10


def client() -> stripe.StripeClient:
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


@cache
def _client(key: str, base: str) -> stripe.StripeClient:
    # A second try of the SDK's own would be a payment nobody wrote down.
    return stripe.StripeClient(
        key,
        base_addresses={"api": base},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
    )


@contextmanager
def answered() -> Iterator[None]:
    """Tell apart what Stripe refused (`Refused`) and what it never answered (`Unknown`).

    A 500, a 409 (the same key is at work) and a 429 leave open what happened, or will.
    """
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError) as refusal:
        raise Refused(_error(refusal)) from refusal
    except (stripe.AuthenticationError, stripe.PermissionError) as refusal:
        logger.error("Stripe does not take STRIPE_SECRET_KEY: %s", refusal.user_message)
        raise Refused(_error(refusal) | {"code": "provider_refused"}) from refusal
    except (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError) as silence:
        raise Unknown(str(silence)) from silence


def ask(call: Callable[..., Any], *arguments: Any, key: str = "", **params: Any) -> dict[str, Any]:
    """Call a method of the client with `params`, under the idempotency `key` if there is one.

    Returns the answer as a plain dictionary. Raises `Refused` and `Unknown`.
    """
    options = {"idempotency_key": key} if key else {}
    with answered():
        return call(*arguments, params, options).to_dict()


def _error(problem: stripe.StripeError) -> dict[str, Any]:
    body = problem.json_body
    error = body.get("error") if isinstance(body, dict) else None
    return dict(error) if isinstance(error, dict) else {"message": str(problem)}
