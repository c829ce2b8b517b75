from celery import shared_task

from orders.api import completing
from orders.models import Payout, Refund
from orders.services import (
    closing,
    fees,
    fulfilment,
    invoices,
    payments,
    payout_sending,
    payouts,
    provider_events,
    refunds,
)


@shared_task
def release_expired() -> int:
    """Give back the stock of orders that were not paid in time."""
    return closing.release_expired()


@shared_task
def settle_unknown() -> int:
    """Ask providers about payments whose answer never came."""
    return payments.settle_unknown()


@shared_task
def ask_for_fees() -> int:
    """Ask providers for the fees of payments that they had not reckoned when the money came."""
    return payments.ask_for_fees()


@shared_task
def complete_requests() -> int:
    """Answer the keys whose process died while it called a provider."""
    return completing.complete_dead()


@shared_task
def deal_with_payment_event(task_id: int) -> None:
    """Do what a provider's event asks for."""
    provider_events.deal_with(task_id=task_id)


@shared_task
def deal_with_payment_events() -> int:
    """Deal with the events that the nudge missed, or whose provider did not answer."""
    return provider_events.deal_with_due()


@shared_task
def complete_delivered() -> int:
    """Complete what was delivered long enough ago."""
    return fulfilment.complete_delivered()


@shared_task
def send_refund(refund_id: int) -> None:
    """Have a refund that was just decided carried out."""
    refunds.send(Refund.objects.select_related("payment").get(pk=refund_id))


@shared_task
def issue_invoices() -> int:
    """Issue invoices for parts that were paid, and credit notes for refunds that succeeded."""
    return invoices.issue_due()


@shared_task
def issue_fees() -> int:
    """Invoice shops the commission of the months that are over."""
    return fees.issue_due()


@shared_task
def send_due_refunds() -> int:
    """Send refunds whose call or answer was lost."""
    return refunds.send_due()


@shared_task
def pay_sellers() -> int:
    """Pay out the shops whose period has ended. Returns how many payouts that made."""
    return sum(swept.payout is not None for swept in payouts.sweep())


@shared_task
def send_payout(payout_id: int) -> None:
    """Have a payout that was just made carried out."""
    payout_sending.send(payout=Payout.objects.get(pk=payout_id))


@shared_task
def send_due_payouts() -> int:
    """Send payouts whose call or answer was lost."""
    return payout_sending.send_due()
