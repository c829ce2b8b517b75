from __future__ import annotations

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.utils.text import slugify
from django.utils.timezone import now

from accounts.models import Address, BankAccount, Shop, ShopMember, User

PASSWORD = "correct horse battery"


def make_user(name: str = "ana", **fields) -> User:
    """Somebody with a confirmed address; the same person for the same name."""
    email = fields.pop("email", f"{name}@example.test")
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User(email=email, name=name.title(), **fields)
        user.set_password(PASSWORD)
        user.save()
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def make_shop(name: str = "Fern & Co", *, members: list[str] = (), **fields) -> Shop:
    """An open shop; its first member is the owner."""
    values = {"state": "open", "country": "IE", "opened_at": now()} | fields
    shop = Shop.objects.create(name=name, slug=values.pop("slug", slugify(name)), **values)
    for position, member in enumerate(members):
        role = ShopMember.Role.MANAGER if position else ShopMember.Role.OWNER
        ShopMember.objects.create(shop=shop, user=make_user(member), role=role)
    return shop


def make_address(user: User | None = None, **fields) -> Address | dict[str, str]:
    """A saved address of `user`; without one, the plain values."""
    values = {
        "name": "Ana Buyer",
        "line1": "1 Mill Lane",
        "line2": "",
        "postcode": "D02 X285",
        "city": "Dublin",
        "region": "",
        "country": "IE",
        "phone": "",
    } | fields
    return Address.objects.create(user=user, **values) if user else values


def make_bank_account(shop: Shop, **fields) -> BankAccount:
    """One that has cooled off."""
    values = {
        "holder": shop.name,
        "iban": "IE29AIBK93115212345678",
        "usable_from": now() - timedelta(days=1),
    } | fields
    return BankAccount.objects.create(shop=shop, **values)
