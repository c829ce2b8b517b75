"""Who stands behind "the buyer", "the shop" and "staff", and what each is told with every kind."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db.models import Q
from django.utils.timezone import localdate

from accounts.models import Shop, ShopMember, User
from marketflow.core.money import Money
from notifications.services import delivery, mailing
from notifications.services.delivery import News
from orders.models import Order, SellerOrder
from orders.services import links


def tell_the_buyer(
    kind: str,
    order: Order,
    *,
    about: str = "",
    facts: dict[str, object] | None = None,
    template: str = "",
    **context: object,
) -> None:
    """A guest has a mailbox and no list: the mail alone, always."""
    context = {"order": order, "url": links.link_to(order)} | context
    about = about or order.number
    if order.buyer is None:
        mailing.write(
            recipient=order.email, kind=kind, about=about, context=context, template=template
        )
        return
    news = News(
        kind=kind,
        about=about,
        page_args=(order.number,),
        facts={"number": order.number} | (facts or {}),
        template=template,
        context=context,
    )
    delivery.tell(user=order.buyer, news=news)


def tell_the_shop(
    kind: str,
    part: SellerOrder,
    duty: str,
    *,
    about: str = "",
    page_args: tuple = (),
    facts: dict[str, object] | None = None,
    template: str = "",
    **context: object,
) -> None:
    """Those whose `duty` it is, about one part of an order."""
    news = News(
        kind=kind,
        about=about or part.number,
        page_args=page_args or (part.pk,),
        facts={"number": part.number} | (facts or {}),
        template=template,
        context={"part": part, "is_shop": True} | context,
    )
    tell_those_who(duty, part.shop_id, news)


def tell_those_who(duty: str, shop_id: int, news: News) -> None:
    """Every member of the shop whose role has the duty, in the order in which they joined."""
    seats = ShopMember.objects.with_duty(duty).filter(shop=shop_id, user__is_active=True)
    for seat in seats.select_related("user").order_by("pk"):
        delivery.tell(user=seat.user, news=news)


def tell_the_owners(
    kind: str, shop: Shop, ids: Collection[int], *, about: str = "", is_mailed: bool = True
) -> None:
    """A shop may open, be refused or closed again another day: that is news again."""
    news = News(
        kind=kind,
        about=about or f"{shop.pk}:{localdate().isoformat()}",
        facts={"shop": shop.name},
        context={"shop": shop},
        is_mailed=is_mailed,
    )
    for owner in User.objects.filter(pk__in=ids).order_by("pk"):
        delivery.tell(user=owner, news=news)


def owners_of(shop: Shop) -> list[int]:
    owners = shop.memberships.filter(role=ShopMember.Role.OWNER)
    return list(owners.values_list("user_id", flat=True))


def tell_staff(permission: str, news: News, *, write_to_operator: bool = True) -> None:
    """Those who may do something about it, and the operator's mailbox.

    `permission` is `app.codename`.
    """
    app, codename = permission.split(".")
    granted = {"content_type__app_label": app, "codename": codename}
    by_group = Q(**{f"groups__permissions__{name}": value for name, value in granted.items()})
    by_name = Q(**{f"user_permissions__{name}": value for name, value in granted.items()})
    able = User.objects.filter(Q(is_superuser=True) | by_group | by_name)
    for person in User.objects.filter(is_staff=True, pk__in=able.values("pk")).order_by("pk"):
        delivery.tell(user=person, news=news)
    if write_to_operator:
        mailing.write(
            recipient=settings.OPERATOR_EMAIL,
            kind=news.kind,
            about=news.about,
            context=news.mail_context,
            template=news.template,
        )


def amount(money: Money) -> dict[str, object]:
    """A fact that is an amount."""
    return {"amount": {"amount": money.amount, "currency": money.currency}}
