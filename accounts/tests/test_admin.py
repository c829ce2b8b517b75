from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import Shop, ShopInvitation, ShopMember, User
from accounts.tests.factories import make_shop, make_user
from marketflow.core.models import AuditEntry
from marketflow.core.tests.admin_pages import submit


@pytest.fixture
def boss(db):
    return make_user("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def clerk(db):
    """Staff, with every permission and no crown."""
    from django.contrib.auth.models import Permission

    clerk = make_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.all())
    return clerk


def act(client, path, action, *rows, **fields):
    chosen = [row.pk for row in rows]
    return client.post(path, {"action": action, "_selected_action": chosen, **fields})


SHOPS = "/admin/accounts/shop/"


# --- the queue of applications


def test_staff_open_a_shop_from_the_queue(client, boss):
    shop = make_shop("New Shop", members=["nora"], state="applied")
    client.force_login(boss)

    act(client, SHOPS, "approve", shop)

    shop.refresh_from_db()
    assert shop.state == Shop.State.OPEN
    assert AuditEntry.objects.filter(actor=boss, action="shop_open").exists()


def test_a_refusal_needs_a_reason_that_the_applicant_reads(client, boss):
    shop = make_shop("New Shop", members=["nora"], state="applied")
    client.force_login(boss)

    asked = act(client, SHOPS, "refuse", shop)
    without = act(client, SHOPS, "refuse", shop, confirmed="1", reason=" ")
    shop.refresh_from_db()
    assert (asked.status_code, without.status_code) == (200, 200)
    assert shop.state == Shop.State.APPLIED

    act(client, SHOPS, "refuse", shop, confirmed="1", reason="Name the trader.")
    shop.refresh_from_db()
    assert (shop.state, shop.state_reason) == (Shop.State.REFUSED, "Name the trader.")


def test_staff_open_a_shop_from_its_own_page(client, boss):
    shop = make_shop("New Shop", members=["nora"], state="applied")
    client.force_login(boss)
    page = client.get(f"{SHOPS}{shop.pk}/change/").content.decode()
    assert f'href="{SHOPS}{shop.pk}/approve/"' in page

    asked = client.get(f"{SHOPS}{shop.pk}/approve/")
    shop.refresh_from_db()
    assert (asked.status_code, shop.state) == (200, Shop.State.APPLIED)

    answer = client.post(f"{SHOPS}{shop.pk}/approve/", {"confirmed": "1"})
    shop.refresh_from_db()
    assert answer.url == f"{SHOPS}{shop.pk}/change/"
    assert shop.state == Shop.State.OPEN
    assert AuditEntry.objects.filter(actor=boss, action="shop_open").exists()


def test_staff_refuse_a_shop_from_its_own_page_with_a_reason(client, boss):
    shop = make_shop("New Shop", members=["nora"], state="applied")
    client.force_login(boss)
    path = f"{SHOPS}{shop.pk}/refuse/"

    without = client.post(path, {"confirmed": "1", "reason": " "})
    shop.refresh_from_db()
    assert (without.status_code, shop.state) == (200, Shop.State.APPLIED)

    client.post(path, {"confirmed": "1", "reason": "Name the trader."})
    shop.refresh_from_db()
    assert (shop.state, shop.state_reason) == (Shop.State.REFUSED, "Name the trader.")


def test_a_shop_that_is_open_is_not_decided_again(client, boss, shop):
    client.force_login(boss)

    page = client.get(f"{SHOPS}{shop.pk}/change/").content.decode()
    client.post(f"{SHOPS}{shop.pk}/refuse/", {"confirmed": "1", "reason": "Too late."})

    shop.refresh_from_db()
    assert f"{SHOPS}{shop.pk}/refuse/" not in page
    assert (shop.state, shop.state_reason) == (Shop.State.OPEN, "")
    assert not AuditEntry.objects.filter(action="shop_refused").exists()


def test_a_shop_that_never_was_is_not_decided(client, boss):
    client.force_login(boss)

    assert client.get(f"{SHOPS}987/approve/").status_code == 404
    assert client.get(f"{SHOPS}fern/approve/").status_code == 404
    assert client.get(f"{SHOPS}fern/change/").status_code == 404


def test_a_shop_that_cannot_take_the_step_stops_none_of_the_others(client, boss):
    applied = make_shop("New Shop", members=["nora"], state="applied")
    already_open = make_shop("Old Shop", members=["olga"])
    client.force_login(boss)

    answer = act(client, SHOPS, "approve", already_open, applied)

    applied.refresh_from_db()
    assert answer.status_code == 302
    assert applied.state == Shop.State.OPEN
    assert AuditEntry.objects.filter(action="shop_open").count() == 1


def test_who_may_only_look_at_shops_approves_none(client, shop):
    from django.contrib.auth.models import Permission

    Shop.objects.update(state=Shop.State.APPLIED)
    looker = make_user("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_shop"))
    client.force_login(looker)

    act(client, SHOPS, "approve", shop)
    answer = client.post(f"{SHOPS}{shop.pk}/approve/", {"confirmed": "1"})

    shop.refresh_from_db()
    assert answer.status_code == 403
    assert shop.state == Shop.State.APPLIED


def test_the_state_of_a_shop_is_no_field_of_the_form(client, boss, shop):
    client.force_login(boss)

    client.post(f"{SHOPS}{shop.pk}/change/", {"name": shop.name, "state": "suspended"})

    shop.refresh_from_db()
    assert shop.state == Shop.State.OPEN


# --- powers


def change_user(client, user, **fields):
    return submit(client, f"/admin/accounts/user/{user.pk}/change/", "user_form", **fields)


POWERS = {"is_staff": "on", "is_superuser": "on", "groups": ["1"], "user_permissions": ["1"]}


def test_a_clerk_makes_nobody_staff(client, clerk, stranger):
    client.force_login(clerk)

    answer = change_user(client, stranger, name="Samuel", **POWERS)

    stranger.refresh_from_db()
    assert answer.status_code == 302
    assert stranger.name == "Samuel"
    assert not stranger.is_staff
    assert not stranger.is_superuser
    assert not stranger.user_permissions.exists()


def test_a_clerk_crowns_not_even_themselves(client, clerk):
    client.force_login(clerk)

    answer = client.post(f"/admin/accounts/user/{clerk.pk}/change/", POWERS)

    clerk.refresh_from_db()
    assert answer.status_code == 403
    assert not clerk.is_superuser


def test_a_clerk_sets_no_password_of_staff(client, clerk, boss):
    before = boss.password
    client.force_login(clerk)

    new = {"password1": "a new long secret", "password2": "a new long secret"}
    answer = client.post(f"/admin/accounts/user/{boss.pk}/password/", new)

    boss.refresh_from_db()
    assert answer.status_code == 403
    assert boss.password == before


def test_a_clerk_hands_out_no_powers_through_groups(client, clerk):
    client.force_login(clerk)

    answer = client.post("/admin/auth/group/add/", {"name": "Kings"})

    assert answer.status_code == 403


def test_a_superuser_makes_staff_but_nobody_who_sells(client, boss, stranger, seller):
    client.force_login(boss)

    change_user(client, stranger, is_staff="on")
    refused = change_user(client, seller, is_staff="on")

    stranger.refresh_from_db()
    seller.refresh_from_db()
    assert stranger.is_staff
    assert refused.status_code == 200
    assert not seller.is_staff


def test_a_password_set_by_staff_ends_every_session_and_is_written_down(client, boss, stranger):
    version = stranger.session_version
    client.force_login(boss)

    new = {"password1": "a new long secret", "password2": "a new long secret"}
    client.post(f"/admin/accounts/user/{stranger.pk}/password/", new)

    stranger.refresh_from_db()
    assert stranger.check_password("a new long secret")
    assert stranger.session_version > version
    assert AuditEntry.objects.filter(action="accounts.user.password_set", actor=boss).exists()


# --- a shop's own settings


def settings_of(shop, **fields):
    values = {"country": "IE", "email": "", "returns_days": "30", "_save": "1"}
    values |= {"payout_schedule": "weekly", "payout_minimum_minor": "0", "low_stock_at": "3"}
    return values | fields


def test_an_owner_sets_when_and_from_what_amount_they_are_paid(client, shop, seller):
    client.force_login(seller)
    path = f"/seller/accounts/shop/{shop.pk}/change/"

    rhythm = {"payout_schedule": "monthly", "payout_minimum_minor": "25.50"}
    client.post(path, settings_of(shop, **rhythm))

    shop.refresh_from_db()
    assert (shop.payout_schedule, shop.payout_minimum_minor) == ("monthly", 2550)


def test_an_owner_writes_terms_and_plans_a_vacation(client, shop, seller):
    client.force_login(seller)
    path = f"/seller/accounts/shop/{shop.pk}/change/"

    dates = {"away_from": "2030-07-01", "away_until": "2030-07-14"}
    answer = client.post(path, settings_of(shop, terms="Ask first.", **dates))

    shop.refresh_from_db()
    assert answer.status_code == 302
    assert shop.terms == "Ask first."
    assert str(shop.away_until) == "2030-07-14"
    assert shop.is_trading


def test_a_vacation_ends_after_it_begins(client, shop, seller):
    client.force_login(seller)
    path = f"/seller/accounts/shop/{shop.pk}/change/"

    dates = {"away_from": "2030-07-14", "away_until": "2030-07-01"}
    answer = client.post(path, settings_of(shop, **dates))

    shop.refresh_from_db()
    assert answer.status_code == 200
    assert shop.away_from is None


def test_a_shop_opens_itself_in_no_form(client, seller, shop):
    Shop.objects.filter(pk=shop.pk).update(state=Shop.State.SUSPENDED)
    client.force_login(seller)

    fields = settings_of(shop, state="open", name="Grand", slug="grand")
    client.post(f"/seller/accounts/shop/{shop.pk}/change/", fields)

    shop.refresh_from_db()
    assert (shop.state, shop.name) == (Shop.State.SUSPENDED, "Fern & Co")


def test_the_settings_of_the_only_shop_open_at_once(client, shop, seller):
    client.force_login(seller)

    answer = client.get("/seller/accounts/shop/")

    assert answer.url == f"/seller/accounts/shop/{shop.pk}/change/"


# --- the team


@pytest.fixture
def manager(shop):
    manager = make_user("mo")
    ShopMember.objects.create(shop=shop, user=manager, role=ShopMember.Role.MANAGER)
    return manager


@pytest.mark.django_db
def test_an_invitation_says_the_same_of_known_and_unknown_addresses(client, shop, seller):
    known = make_user("kim")
    client.force_login(seller)
    add = reverse("seller:accounts_shopinvitation_add")

    answers = [
        client.post(add, {"shop": shop.pk, "email": email, "role": "support"})
        for email in (known.email, "nobody@example.test", known.email)
    ]

    assert {answer.status_code for answer in answers} == {302}
    assert {answer.url for answer in answers} == {"/seller/accounts/shopinvitation/"}
    assert ShopInvitation.objects.count() == 2


def test_an_owner_changes_a_role_and_takes_a_seat_away(client, shop, seller, manager):
    seat = manager.memberships.get()
    client.force_login(seller)
    page = f"/seller/accounts/shopmember/{seat.pk}"

    client.post(f"{page}/change/", {"role": "support"})
    seat.refresh_from_db()
    assert seat.role == "support"

    client.post(f"{page}/delete/", {"post": "yes"})
    assert not manager.memberships.exists()


@pytest.mark.parametrize("step", ["change", "delete"])
def test_the_last_owner_stays(client, shop, seller, step):
    seat = seller.memberships.get()
    client.force_login(seller)

    fields = {"role": "support", "post": "yes"}
    client.post(f"/seller/accounts/shopmember/{seat.pk}/{step}/", fields)

    seat.refresh_from_db()
    assert seat.role == "owner"


def test_a_seat_in_a_rivals_shop_is_not_for_sale(client, shop, seller, rival):
    client.force_login(seller)

    fields = {"shop": rival.pk, "email": "fern@example.test", "role": "owner"}
    answer = client.post(reverse("seller:accounts_shopinvitation_add"), fields)

    assert answer.status_code == 200
    assert not ShopInvitation.objects.exists()
    assert User.objects.get(email="fern@example.test").memberships.count() == 1


def test_a_shops_former_address_leads_to_its_new_one(client, shop):
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))
    path = reverse("admin:accounts_shop_change", args=[shop.pk])
    former = shop.slug

    submit(client, path, "shop_form", slug="fern-house")

    client.logout()
    answer = client.get(f"/shops/{former}/?tab=about")
    assert (answer.status_code, answer["Location"]) == (301, "/shops/fern-house/?tab=about")
