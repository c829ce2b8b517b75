"""Somebody's address book: at most twenty, and one of them the default."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Address, User
from marketflow.core.errors import Refusal


class AddressBookFull(Refusal):
    code = "address_book_full"
    message = _("Your address book is full. Delete an address before you add another.")


@transaction.atomic
def save(*, address: Address, is_default: bool = False) -> Address:
    """Add or change an address. The first of a book is its default. Locks the person.

    Raises `AddressBookFull`.
    """
    book = _locked_book(address.user)
    if address.pk is None and book.count() >= Address.MOST:
        raise AddressBookFull(most=Address.MOST)
    becomes = is_default or not book.filter(is_default=True).exclude(pk=address.pk).exists()
    if becomes:
        book.filter(is_default=True).exclude(pk=address.pk).update(is_default=False)
    address.is_default = becomes
    address.save()
    return address


@transaction.atomic
def remove(*, address: Address) -> None:
    """Forget an address. If it was the default, the oldest that is left takes its place."""
    book = _locked_book(address.user)
    was_default = address.is_default
    address.delete()
    heir = book.order_by("pk").first() if was_default else None
    if heir:
        book.filter(pk=heir.pk).update(is_default=True)


def _locked_book(user: User):
    User.objects.select_for_update().get(pk=user.pk)
    return Address.objects.filter(user=user)
