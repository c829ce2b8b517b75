"""`/_sim/`: what the tests ask for. None of it exists at the real provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.psp_sim import connect, disputes, payments, refunds
from tests.psp_sim.api import ApiError
from tests.psp_sim.http import Answer, Request

if TYPE_CHECKING:
    from tests.psp_sim.server import Simulator


async def control(sim: Simulator, request: Request) -> Answer:
    """Answer a control request, or 404."""
    what, _, rest = request.path.removeprefix("/_sim/").partition("/")
    handler = HANDLERS.get((request.method, what))
    if handler is None:
        return Answer(404, {"error": f"no control {request.method} {what}"})
    try:
        return Answer(200, await handler(sim, request.params, rest))
    except ApiError as problem:
        return problem.answer


async def _health(sim: Simulator, params: dict, rest: str) -> Any:
    return {"ok": True, "requests": sim.requests}


async def _books(sim: Simulator, params: dict, rest: str) -> Any:
    """Every movement of money, or of one `reference`: a payment's uuid, a transfer group."""
    entries = sim.books.entries(params.get("kind", ""), params.get("reference", ""))
    return {"entries": entries, "balance": sim.books.balance()}


async def _set_faults(sim: Simulator, params: dict, rest: str) -> Any:
    sim.faults.set(params.get("faults", []), params.get("seed", 0))
    return {"ok": True}


async def _wait(sim: Simulator, params: dict, rest: str) -> Any:
    """Answer as soon as an answer is being held: the moment for a SIGKILL."""
    is_held = await sim.faults.wait_for_hold(float(params.get("seconds", 10)))
    return {"held": is_held, "operations": sim.faults.held, "ever": sim.faults.held_ever}


async def _release(sim: Simulator, params: dict, rest: str) -> Any:
    sim.faults.release()
    return {"ok": True}


async def _set_webhooks(sim: Simulator, params: dict, rest: str) -> Any:
    """`POST webhooks` sets the plan; `POST webhooks/release` sends what waited."""
    if rest == "release":
        return {"released": sim.sender.release()}
    if rest == "forget":
        sim.sender.sent.clear()
        sim.sender.waiting.clear()
        return {"ok": True}
    sim.sender.set(params)
    return {"ok": True}


async def _webhooks(sim: Simulator, params: dict, rest: str) -> Any:
    report = sim.sender.report()
    return report | ({"deliveries": sim.sender.sent} if rest == "all" else {})


async def _settle(sim: Simulator, params: dict, rest: str) -> Any:
    """The late word on what is pending: `settle/<id>` with `succeeds` true or false."""
    with sim.work() as call:
        found = call.books.get(rest)
        succeeds = bool(params.get("succeeds", True))
        if found and found["object"] == "payment_intent":
            return payments.settle(call, found, succeeds=succeeds)
        if found and found["object"] == "refund":
            return refunds.settle(call, found, succeeds=succeeds)
        if found and found["object"] == "account":
            return connect.onboard(call, found)
        raise ApiError(404, f"nothing to settle: {rest}")


async def _dispute(sim: Simulator, params: dict, rest: str) -> Any:
    """`POST disputes` opens one over `payment_intent`; `POST disputes/<id>` ends it: `won`."""
    with sim.work() as call:
        if rest:
            found = call.get(rest, "dispute")
            return disputes.close_dispute(call, found, is_won=bool(params.get("won", False)))
        intent = call.get(call_params(params, "payment_intent"), "payment_intent")
        charge = call.get(intent["latest_charge"] or "", "charge")
        amount = int(params.get("amount", charge["amount"]))
        return disputes.open_dispute(call, charge, amount, params.get("reason", "fraudulent"))


async def _reverse(sim: Simulator, params: dict, rest: str) -> Any:
    """The shop's bank sends a transfer back."""
    with sim.work(params) as call:
        return connect.reverse(call, rest)


def call_params(params: dict, name: str) -> str:
    if name not in params:
        raise ApiError(400, f"{name} is missing")
    return str(params[name])


HANDLERS = {
    ("GET", "health"): _health,
    ("GET", "books"): _books,
    ("POST", "faults"): _set_faults,
    ("GET", "wait"): _wait,
    ("POST", "release"): _release,
    ("POST", "webhooks"): _set_webhooks,
    ("GET", "webhooks"): _webhooks,
    ("POST", "settle"): _settle,
    ("POST", "disputes"): _dispute,
    ("POST", "reversals"): _reverse,
}
