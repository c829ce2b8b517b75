"""The operator's list of commission rules: its order, and what another list would come to.

Positions change together, or not at all. What was charged stays as it is: rules are for sales to
come, and `rehearse` shows what a changed list would have made of the last ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now

from accounts.models import Shop
from marketflow.core.errors import Refusal
from marketflow.core.money import Money
from orders.models import CommissionRule, OrderLine
from orders.services.commissions import Sale, charge

REPLAYED = timedelta(days=30)
# Beyond any list's length: where positions wait while they are dealt out anew.
_SPARE = 1_000_000


class ListChanged(Refusal):
    code = "list_changed"
    message = "Somebody else changed the list. Look at it again."


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What the sales of a shop would have cost under one list and the other."""

    shop: str
    sales: int
    before: Money
    after: Money

    @property
    def difference(self) -> Money:
        return self.after - self.before


@dataclass(frozen=True, kw_only=True)
class Shadowed:
    """A rule that another now stands in the light of. `rule` is None for the standard rate."""

    rule: CommissionRule | None
    before: int
    after: int
    # It can't match, or did and would not have; else it would match fewer sales.
    never: bool


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    sales: int
    effects: list[Effect]
    shadowed: list[Shadowed]
    before: Money
    after: Money

    @property
    def difference(self) -> Money:
        return self.after - self.before


def ordered() -> list[CommissionRule]:
    """Every rule, also those switched off, first to last."""
    return list(CommissionRule.objects.select_related("shop", "category").order_by("position"))


@transaction.atomic
def put_on_top(rule: CommissionRule) -> CommissionRule:
    """Write a new rule before all others. Locks the list. Raises `ListChanged`."""
    pks = _locked()
    try:
        with transaction.atomic():
            rule.position = _SPARE - 1
            rule.save()
            _deal_out([rule.pk, *pks])
    except IntegrityError as problem:
        raise ListChanged from problem
    rule.refresh_from_db(fields=["position"])
    return rule


@transaction.atomic
def move(rule: CommissionRule, *, by: int) -> CommissionRule:
    """Let `rule` change places with its neighbour: the one above for -1, below for 1.

    At the end of the list nothing happens. Locks the list. Raises `ListChanged`.
    """
    pks = moved(_locked(), rule.pk, by)
    try:
        with transaction.atomic():
            _deal_out(pks)
    except IntegrityError as problem:
        raise ListChanged from problem
    rule.refresh_from_db(fields=["position"])
    return rule


def moved(pks: Sequence[int], pk: int, by: int) -> list[int]:
    """`pks` with `pk` one place further up (-1) or down (1)."""
    if pk not in pks:
        raise ListChanged
    after = [other for other in pks if other != pk]
    after.insert(max(0, pks.index(pk) + by), pk)
    return after


def last_sales() -> list[Sale]:
    """What was sold in the last 30 days, by the database's clock, as rules see it."""
    lines = OrderLine.objects.filter(
        commission__created_at__gte=Now() - REPLAYED,
        seller_order__order__currency=settings.MARKETPLACE_CURRENCY,
    )
    rows = lines.order_by("pk").values_list(
        "seller_order__shop",
        "variant__product__category__path",
        "unit_price_minor",
        "quantity",
        F("unit_price_minor") * F("quantity") - F("discount_minor") + F("discount_funded_minor"),
    )
    return [
        Sale(
            shop_id=shop,
            category_path=path or "",
            unit_price_minor=price,
            quantity=quantity,
            base_minor=base,
        )
        for shop, path, price, quantity, base in rows.iterator()
    ]


def rehearse(before: Iterable[CommissionRule], after: Iterable[CommissionRule]) -> Rehearsal:
    """What the last sales cost under `before`, and would under `after`. Writes nothing."""
    sales = last_sales()
    names = Shop.objects.in_bulk({sale.shop_id for sale in sales})
    return compare(sales, before, after, names={pk: shop.name for pk, shop in names.items()})


def compare(
    sales: Sequence[Sale],
    before: Iterable[CommissionRule],
    after: Iterable[CommissionRule],
    *,
    names: dict[int, str],
) -> Rehearsal:
    """As `rehearse`, of given sales. Pure: asks and writes nothing.

    Only rules in force count; a rule is the same in both lists by its primary key.
    """
    old = [rule for rule in before if rule.is_active]
    new = [rule for rule in after if rule.is_active]
    fees: dict[int, list[int]] = {}
    hits_before: Counter[int | None] = Counter()
    hits_after: Counter[int | None] = Counter()
    for sale in sales:
        was, will = charge(sale, old), charge(sale, new)
        hits_before[_key(was.rule)] += 1
        hits_after[_key(will.rule)] += 1
        shop = fees.setdefault(sale.shop_id, [0, 0, 0])
        shop[0] += 1
        shop[1] += was.amount_minor
        shop[2] += will.amount_minor
    effects = [
        Effect(shop=names.get(pk, ""), sales=count, before=_money(was), after=_money(will))
        for pk, (count, was, will) in fees.items()
    ]
    effects.sort(key=lambda effect: (-abs(effect.difference.amount), effect.shop))
    return Rehearsal(
        sales=len(sales),
        effects=effects,
        shadowed=list(_shadowed(old, new, hits_before, hits_after)),
        before=_money(sum(effect.before.amount for effect in effects)),
        after=_money(sum(effect.after.amount for effect in effects)),
    )


def covers(upper: CommissionRule, lower: CommissionRule) -> bool:
    """Whether every sale that `lower` matches is one that `upper` matches."""
    return (
        upper.shop_id in (None, lower.shop_id)
        and (
            upper.category is None
            or (lower.category is not None and lower.category.path.startswith(upper.category.path))
        )
        and (upper.min_price_minor or 0) <= (lower.min_price_minor or 0)
        and _highest(upper) >= _highest(lower)
    )


def overlaps(one: CommissionRule, other: CommissionRule) -> bool:
    """Whether there can be a sale that both match."""
    shops = {one.shop_id, other.shop_id} - {None}
    paths = sorted(rule.category.path for rule in (one, other) if rule.category)
    lowest = max(one.min_price_minor or 0, other.min_price_minor or 0)
    return (
        len(shops) < 2
        and (len(paths) < 2 or paths[1].startswith(paths[0]))
        and lowest <= min(_highest(one), _highest(other))
    )


def _shadowed(
    old: list[CommissionRule],
    new: list[CommissionRule],
    hits_before: Counter[int | None],
    hits_after: Counter[int | None],
) -> Iterable[Shadowed]:
    above_before = {_key(rule): old[:place] for place, rule in enumerate(old)}
    for place, rule in enumerate(new):
        key = _key(rule)
        if key not in above_before:
            continue
        above, was_above = new[:place], above_before[key]
        is_new = [upper for upper in above if not _stood(upper, was_above)]
        was, will = hits_before[key], hits_after[key]
        never = any(covers(upper, rule) for upper in is_new) or (was > 0 and will == 0)
        was_hidden = any(covers(upper, rule) for upper in was_above)
        fewer = will < was or any(overlaps(upper, rule) for upper in is_new)
        if (never or fewer) and not was_hidden:
            yield Shadowed(rule=rule, before=was, after=will, never=never)
    was, will = hits_before[None], hits_after[None]
    everything = CommissionRule()
    is_hidden = any(covers(rule, everything) for rule in new)
    if not any(covers(rule, everything) for rule in old) and (is_hidden or will < was):
        never = is_hidden or will == 0
        yield Shadowed(rule=None, before=was, after=will, never=never)


def _stood(rule: CommissionRule, above: list[CommissionRule]) -> bool:
    """Whether `rule` stood there before, with the same conditions."""
    return any(_conditions(rule) == _conditions(other) for other in above if rule.pk == other.pk)


def _conditions(rule: CommissionRule) -> tuple[int | None, ...]:
    return (rule.shop_id, rule.category_id, rule.min_price_minor, rule.max_price_minor)


def _key(rule: CommissionRule | None) -> int | None:
    """A rule by its number; 0 for one that is not written yet, None for the standard rate."""
    return None if rule is None else rule.pk or 0


def _highest(rule: CommissionRule) -> float:
    return float("inf") if rule.max_price_minor is None else rule.max_price_minor


def _money(amount: int) -> Money:
    return Money(amount, settings.MARKETPLACE_CURRENCY)


def _locked() -> list[int]:
    """The list as it stands until the transaction ends, first to last."""
    rows = list(CommissionRule.objects.select_for_update().order_by("pk"))
    return [rule.pk for rule in sorted(rows, key=lambda rule: rule.position)]


def _deal_out(pks: list[int]) -> None:
    """Positions 1, 2, 3 …, by a detour: two rules may not share one for a moment."""
    rules = CommissionRule.objects.filter(pk__in=pks)
    rules.update(position=F("position") + _SPARE)
    places = [When(pk=pk, then=Value(place)) for place, pk in enumerate(pks, start=1)]
    if places:
        rules.update(position=Case(*places))
