"""Idempotency keys whose process died while it called a provider: the answer they are owed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import models
from rest_framework.serializers import ModelSerializer

from marketflow.core.api import idempotency
from marketflow.core.models import IdempotentRequest
from orders.api.serializers import StartedPaymentSerializer
from orders.models import Payment
from orders.services import payments


@dataclass(frozen=True)
class Kind:
    """Work that calls outside: what it makes, how that is brought to its end and answered.

    The model bears `work_id` as its `uuid`.
    """

    model: type[models.Model]
    resume: Callable[[models.Model], models.Model]
    is_unknown: Callable[[models.Model], bool]
    serializer: type[ModelSerializer]


KINDS = [
    Kind(
        model=Payment,
        resume=lambda payment: payments.resume(payment=payment),
        is_unknown=lambda payment: payment.state == Payment.State.CREATED,
        serializer=StartedPaymentSerializer,
    ),
]


def complete_dead() -> int:
    """Bring the work of every dead lease to its end and keep the answer. Returns how many.

    A key whose work was never begun is forgotten: sending it again begins. Work of which the
    provider says nothing yet is left for the next time. Safe to repeat, and to run at once.
    """
    dead = IdempotentRequest.objects.dead().order_by("pk")
    return sum(complete(entry) for entry in dead)


def complete(entry: IdempotentRequest) -> bool:
    """As `complete_dead`, for one. False where it is not dead, or nothing is known yet."""
    if not entry.take_over():
        return False
    for kind in KINDS:
        if made := kind.model.objects.filter(uuid=entry.work_id).first():
            return _answer(entry, kind, made)
    entry.delete()
    return True


def _answer(entry: IdempotentRequest, kind: Kind, made: models.Model) -> bool:
    made = kind.resume(made)
    if kind.is_unknown(made):
        return False
    idempotency.finish(entry, 201, kind.serializer(made).data)
    return True
