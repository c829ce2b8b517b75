"""`Idempotency-Key`: a request sent twice is done once and answered the same twice.

Work that stays in the database: the key commits with the work; a second copy waits on the unique
index, then reads the answer; a refusal or an error rolls the key back, so that trying again is
allowed. Work that calls outside (`calls_out`): the key is claimed in a transaction of its own,
what it makes bears the id `work_id(request)`, and a claim whose process died is brought to its end
by the next copy, or by a task that looks for such claims. See the IETF draft "The
Idempotency-Key HTTP Header Field".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.utils.crypto import get_random_string
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from marketflow.core import guards, sealing
from marketflow.core.api.finding import require_there
from marketflow.core.models import IdempotentRequest
from marketflow.core.transactions import at_the_end, whole_unit

LONGEST_KEY = 100
# No JSON begins like this.
SEALED = "sealed:"
PURPOSE = "idempotent-answer"


class KeyRequired(APIException):
    status_code = 400
    default_code = "idempotency_key_required"
    default_detail = "Send an Idempotency-Key."


class KeyReused(APIException):
    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This key was sent before with a different request."


class InProgress(APIException):
    status_code = 409
    default_code = "in_progress"
    default_detail = "The first request with this key is still running."
    wait = 1  # DRF's name for the seconds of Retry-After.


def idempotent(
    *, required: bool = False, calls_out: bool = False, is_secret: bool = False
) -> Callable:
    """Decorate a view method that changes something.

    Without `calls_out` the method runs inside the key's transaction; with it, in none. An answer
    that `is_secret` is kept sealed.

    The view names the caller by `idempotency_actor(request)`, or it is the signed-in user; a
    caller without an identity has no keys. Answers of 400 and above are not kept.
    """

    def decorate(handler: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(handler)
        def once(view, request: Request, *args, **kwargs) -> Response:
            try:
                key = _key(request, required=required)
                fingerprint = _fingerprint(request) if key else ""
            except APIException:
                require_there(view)
                raise
            actor = _actor(view, request)
            if not key or not actor:
                return handler(view, request, *args, **kwargs)
            answer = _answer_calling_out if calls_out else _answer

            def respond() -> Response:
                response = handler(view, request, *args, **kwargs)
                response.is_secret = is_secret
                return response

            return answer(actor, key, fingerprint, request, respond)

        once.takes_idempotency_key = "required" if required else "honoured"
        return once

    return decorate


def work_id(request: Request) -> UUID | None:
    """The id that the thing made by this request bears; None for one without a key.

    Only where the work calls outside: a key of the database alone needs none.
    """
    return getattr(request, "work_id", None)


def _key(request: Request, *, required: bool) -> str:
    key = request.headers.get("Idempotency-Key")
    if required and not key:
        raise KeyRequired
    if key is None:
        return ""
    # A blank one promises what it can't keep: whoever sends it counts on being done once.
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise ValidationError({"Idempotency-Key": [f"1 to {LONGEST_KEY} printable characters."]})
    return key


def _actor(view, request: Request) -> str:
    if program := getattr(request.auth, "actor", ""):
        # Not the person who made the key: two shops' programs may count alike.
        return program
    if hasattr(view, "idempotency_actor"):
        return view.idempotency_actor(request)
    return f"user:{request.user.pk}" if request.user.is_authenticated else ""


class _NotKept(Exception):
    """Carries an answer out of the transaction that must not remember it."""

    def __init__(self, response: Response) -> None:
        self.response = response


def _answer(
    actor: str, key: str, fingerprint: str, request: Request, respond: Callable[[], Response]
) -> Response:
    try:
        response = _answer_in_one(actor, key, fingerprint, respond)
    except _NotKept as answer:
        return answer.response
    guards.crash_point("order_committed")
    return response


@whole_unit
def _answer_in_one(
    actor: str, key: str, fingerprint: str, respond: Callable[[], Response]
) -> Response:
    entry = _claim(actor, key, fingerprint)
    if entry is None:
        return _replay(actor, key, fingerprint)
    guards.crash_point("key_claimed")
    response = respond()
    if response.status_code >= 400:
        raise _NotKept(response)
    _keep(entry, response)
    at_the_end(lambda: guards.crash_point("order_before_commit"))
    return response


def _answer_calling_out(
    actor: str, key: str, fingerprint: str, request: Request, respond: Callable[[], Response]
) -> Response:
    entry = _claim(actor, key, fingerprint) or _take_over(actor, key, fingerprint)
    if entry is None:
        return _replay(actor, key, fingerprint)
    request.work_id = entry.work_id
    try:
        response = respond()
    except Exception:
        entry.delete()
        raise
    if response.status_code >= 400:
        entry.delete()
    else:
        _keep(entry, response)
    return response


def _keep(entry: IdempotentRequest, response: Response) -> None:
    finish(entry, response.status_code, response.data, is_secret=response.is_secret)


def _take_over(actor: str, key: str, fingerprint: str) -> IdempotentRequest | None:
    """The claim of a process that died: whose lease ended may be worked on again, by one."""
    same = IdempotentRequest.objects.filter(actor=actor, key=key, fingerprint=fingerprint)
    entry = same.first()
    return entry if entry and entry.take_over() else None


def finish(
    entry: IdempotentRequest, status: int, data: object, *, is_secret: bool = False
) -> None:
    """Keep the answer to a key, as it goes over the wire; sealed where it bears a secret."""
    body = "" if data is None else JSONRenderer().render(data).decode()
    entry.finish(status, SEALED + sealing.seal(body, purpose=PURPOSE) if is_secret else body)


def _kept(entry: IdempotentRequest) -> object:
    body = entry.body
    if body.startswith(SEALED):
        body = sealing.unseal(body.removeprefix(SEALED), purpose=PURPOSE)
    return json.loads(body) if body else None


def _claim(actor: str, key: str, fingerprint: str) -> IdempotentRequest | None:
    """The new entry, or None when the key was used. Waits while a first copy is running."""
    if not guards.is_enabled("idempotency_unique"):
        key = f"{key[:60]}~{get_random_string(20)}"
    return IdempotentRequest.objects.claim(actor=actor, key=key, fingerprint=fingerprint)


def _replay(actor: str, key: str, fingerprint: str) -> Response:
    entry = IdempotentRequest.objects.filter(actor=actor, key=key).first()
    if entry is None or entry.state != IdempotentRequest.State.FINISHED:
        # The first copy was rolled back while this one waited, or still talks to the outside.
        raise InProgress
    if entry.fingerprint != fingerprint:
        raise KeyReused
    return Response(
        _kept(entry),
        status=entry.status,
        headers={"Idempotent-Replayed": "true"},
    )


def _fingerprint(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, default=_digest_of)
    return hashlib.sha256(f"{request.method} {request.path} {body}".encode()).hexdigest()


def _digest_of(file: UploadedFile) -> str:
    """An uploaded file counts by what is in it."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
