from datetime import date

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser

from accounts.models import Shop, ShopMember
from accounts.services import shops
from accounts.services.shops import (
    AddressTaken,
    ApplicationPending,
    StaffCannotSell,
    VacationBackwards,
    WrongState,
)
from accounts.tests.factories import make_shop, make_user
from marketflow.core.models import AuditEntry, OutboxEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(db):
    return make_user("stella", is_staff=True)


@pytest.fixture
def applied(seller):
    return make_shop("Clay & Kin", members=["kim"], state="applied", opened_at=None)


def told():
    return list(OutboxEvent.objects.values_list("name", flat=True))


def as_it_was():
    return list(Shop.objects.order_by("pk").values()), AuditEntry.objects.count(), told()


def test_an_application_makes_its_author_the_owner(stranger):
    shop = shops.apply(user=stranger, name="Sam's", slug="sams", country="IE")

    assert shop.state == "applied"
    assert list(shop.memberships.values_list("user", "role")) == [(stranger.pk, "owner")]
    assert told() == ["accounts.ShopApplied"]


def test_staff_cannot_apply(staff):
    with pytest.raises(StaffCannotSell):
        shops.apply(user=staff, name="Stella's", slug="stellas", country="IE")

    assert as_it_was() == ([], 0, [])


def test_one_application_at_a_time(stranger):
    shops.apply(user=stranger, name="Sam's", slug="sams", country="IE")
    before = as_it_was()

    with pytest.raises(ApplicationPending):
        shops.apply(user=stranger, name="More", slug="more", country="IE")

    assert as_it_was() == before


def test_whoever_has_an_open_shop_may_apply_for_another(seller):
    shops.apply(user=seller, name="Second", slug="second", country="IE")

    assert seller.shops.count() == 2


def test_an_address_belongs_to_one_shop(shop, stranger):
    before = as_it_was()

    with pytest.raises(AddressTaken):
        shops.apply(user=stranger, name="Other", slug=shop.slug, country="IE")

    assert as_it_was() == before
    assert not ShopMember.objects.filter(user=stranger).exists()


def test_approval_opens_the_shop_and_is_written_down(applied, staff):
    shops.approve(shop=applied, by=staff)

    applied.refresh_from_db()
    entry = AuditEntry.objects.get()
    assert (applied.state, applied.opened_at is not None) == ("open", True)
    assert (entry.actor, entry.action, entry.subject_id) == (
        staff,
        "shop_open",
        str(applied.uuid),
    )
    assert (entry.before, entry.after) == ({"state": "applied"}, {"state": "open"})
    event = OutboxEvent.objects.get()
    assert event.name == "accounts.ShopOpened"
    assert event.payload["recipient_ids"] == [make_user("kim").pk]


def test_a_refusal_says_why_and_the_shop_may_try_again(applied, staff):
    shops.refuse(shop=applied, by=staff, reason="The address is missing")
    assert (applied.state, applied.state_reason) == ("refused", "The address is missing")
    assert AuditEntry.objects.get().reason == "The address is missing"

    shops.apply_again(shop=applied, legal_address="1 Kiln Road")

    assert (applied.state, applied.legal_address) == ("applied", "1 Kiln Road")
    assert told() == ["accounts.ShopRefused", "accounts.ShopApplied"]


def test_a_second_try_cannot_take_an_address_that_is_taken(applied, shop, staff):
    shops.refuse(shop=applied, by=staff, reason="Another name")
    before = as_it_was()

    with pytest.raises(AddressTaken):
        shops.apply_again(shop=applied, slug=shop.slug)

    assert as_it_was() == before


def test_a_shop_is_suspended_and_reinstated(shop, staff):
    shops.suspend(shop=shop, by=staff, reason="Complaints")
    assert not shop.is_trading

    shops.reinstate(shop=shop, by=staff)
    assert (shop.state, shop.state_reason) == ("open", "")
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("open", "approve"),
        ("refused", "approve"),
        ("suspended", "approve"),
        ("open", "refuse"),
        ("applied", "suspend"),
        ("suspended", "suspend"),
        ("open", "reinstate"),
        ("applied", "reinstate"),
    ],
)
def test_a_step_from_the_wrong_state_changes_nothing(state, step, staff):
    shop = make_shop("Late", members=["kim"], state=state)
    reason = {"reason": "Because"} if step in {"refuse", "suspend"} else {}
    before = as_it_was()

    with pytest.raises(WrongState):
        getattr(shops, step)(shop=shop, by=staff, **reason)

    assert as_it_was() == before


def test_of_two_decisions_the_first_counts(applied, staff):
    as_another_saw_it = Shop.objects.get(pk=applied.pk)
    shops.refuse(shop=applied, by=staff, reason="No")

    with pytest.raises(WrongState):
        shops.approve(shop=as_another_saw_it, by=staff)

    assert Shop.objects.get(pk=applied.pk).state == "refused"


@time_machine.travel("2026-03-02 09:00", tick=False)
def test_14_a_vacation_planned_for_next_week_closes_next_week_only(shop, seller):
    """Ready-made test 14: open today, closed next week, open again; nobody clears a field."""
    first, last = date(2026, 3, 9), date(2026, 3, 15)

    shops.plan_vacation(shop=shop, by=seller, first=first, last=last, note="At the sea")

    for day, is_open in [
        ("2026-03-02", True),
        ("2026-03-08", True),
        ("2026-03-09", False),
        ("2026-03-15", False),
        ("2026-03-16", True),
    ]:
        with time_machine.travel(f"{day} 12:00", tick=False):
            assert shop.is_trading == is_open, day
            assert Shop.objects.trading().filter(pk=shop.pk).exists() == is_open, day


def test_a_vacation_without_an_end_lasts_until_it_is_called_off(shop, seller):
    shops.plan_vacation(shop=shop, by=seller, first=date(2026, 3, 9))
    with time_machine.travel("2027-03-09"):
        assert not shop.is_trading

        shops.plan_vacation(shop=shop, by=seller, first=None)
        assert shop.is_trading


@pytest.mark.parametrize("first", [date(2026, 3, 9), None])
def test_a_vacation_ends_after_it_begins(shop, seller, first):
    before = as_it_was()

    with pytest.raises(VacationBackwards):
        shops.plan_vacation(shop=shop, by=seller, first=first, last=date(2026, 3, 8))

    assert as_it_was() == before


def test_only_staff_are_written_down(shop, seller, staff):
    shops.plan_vacation(shop=shop, by=seller, first=date(2026, 3, 9))
    assert not AuditEntry.objects.exists()

    shops.plan_vacation(shop=shop, by=staff, first=None)
    assert AuditEntry.objects.get().before["away_from"] == "2026-03-09"


def test_who_sees_a_shop(staff, seller, stranger):
    hidden = make_shop("Hidden", members=["fern", "mia"], state="applied")
    refused = make_shop("Refused", members=["fern"], state="refused")
    suspended = make_shop("Suspended", members=["fern"], state="suspended")
    fern_and_co = Shop.objects.get(name="Fern & Co")
    public = {fern_and_co, suspended}

    def seen_by(user):
        return set(Shop.objects.visible_to(user))

    assert seen_by(seller) == seen_by(staff) == public | {hidden, refused}
    assert seen_by(make_user("mia")) == public | {hidden}
    assert seen_by(stranger) == seen_by(AnonymousUser()) == public


def test_who_manages_a_shop(shop, rival, seller, stranger, staff):
    manager, packer, helper = (make_user(name) for name in ("mia", "pat", "hal"))
    for person, role in [(manager, "manager"), (packer, "fulfilment"), (helper, "support")]:
        ShopMember.objects.create(shop=shop, user=person, role=role)

    def duties_of(user):
        managed = Shop.objects.managed_by
        return {duty for duty in ShopMember.DUTIES if shop in managed(user, duty)}

    assert list(Shop.objects.managed_by(seller)) == [shop]
    assert duties_of(seller) == set(ShopMember.DUTIES)
    assert duties_of(manager) == set(ShopMember.DUTIES) - {"settings"}
    assert duties_of(packer) == {"stock", "ship", "orders"}
    assert duties_of(helper) == {"orders", "reviews"}
    for outsider in (stranger, staff, AnonymousUser(), make_user("rita")):
        assert shop not in Shop.objects.managed_by(outsider)


def test_a_closed_account_manages_nothing(shop, seller):
    seller.is_active = False

    assert not Shop.objects.managed_by(seller)
