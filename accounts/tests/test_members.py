from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.utils.timezone import now

from accounts.models import ShopInvitation, ShopMember, User
from accounts.services import members
from accounts.services.members import AlreadyMember, InvitationGone, LastOwner
from accounts.services.shops import StaffCannotSell
from accounts.tests.factories import make_user
from accounts.tests.forms import fill_in
from marketflow.core.invariants import prove
from marketflow.core.models import AuditEntry

pytestmark = pytest.mark.django_db


def seats(shop):
    rows = ShopMember.objects.filter(shop=shop).order_by("pk")
    return [(seat.user.email.split("@")[0], seat.role) for seat in rows]


def seat_of(shop, name):
    return ShopMember.objects.get(shop=shop, user=make_user(name))


def test_a_member_joins(shop, seller, stranger):
    members.add_member(shop=shop, user=stranger, role="support", by=seller)

    assert seats(shop) == [("fern", "owner"), ("sam", "support")]


@pytest.mark.parametrize("flag", ["is_staff", "is_superuser"])
def test_staff_never_join(shop, seller, flag):
    staff = make_user("stella", **{flag: True})

    with pytest.raises(StaffCannotSell):
        members.add_member(shop=shop, user=staff, role="manager", by=seller)

    assert seats(shop) == [("fern", "owner")]


def test_nobody_sits_twice(shop, seller):
    with pytest.raises(AlreadyMember):
        members.add_member(shop=shop, user=seller, role="support", by=seller)

    assert seats(shop) == [("fern", "owner")]


def test_the_last_owner_stays(shop, seller, stranger):
    members.add_member(shop=shop, user=stranger, role="manager", by=seller)
    owner = seat_of(shop, "fern")

    with pytest.raises(LastOwner):
        members.remove_member(member=owner, by=seller)
    with pytest.raises(LastOwner):
        members.change_role(member=owner, role="manager", by=seller)

    assert seats(shop) == [("fern", "owner"), ("sam", "manager")]


def test_an_owner_goes_when_another_remains(shop, seller, stranger):
    members.add_member(shop=shop, user=stranger, role="manager", by=seller)

    members.change_role(member=seat_of(shop, "sam"), role="owner", by=seller)
    members.remove_member(member=seat_of(shop, "fern"), by=seller)

    assert seats(shop) == [("sam", "owner")]


def test_an_owner_elsewhere_does_not_count(shop, rival, seller):
    members.add_member(shop=rival, user=seller, role="owner", by=make_user("rita"))

    with pytest.raises(LastOwner):
        members.remove_member(member=seat_of(shop, "fern"), by=seller)


def test_what_staff_change_is_written_down(shop, seller, stranger):
    staff = make_user("stella", is_staff=True)
    members.add_member(shop=shop, user=stranger, role="manager", by=seller)
    assert not AuditEntry.objects.exists()

    members.change_role(member=seat_of(shop, "sam"), role="owner", by=staff)

    entry = AuditEntry.objects.get()
    assert entry.actor == staff
    assert (entry.before["role"], entry.after["role"]) == ("manager", "owner")


def test_who_manages_the_members(shop, rival, seller, stranger):
    members.add_member(shop=shop, user=stranger, role="manager", by=seller)

    assert set(ShopMember.objects.managed_by(seller)) == set(shop.memberships.all())
    for outsider in (stranger, make_user("rita"), AnonymousUser()):
        assert not ShopMember.objects.managed_by(outsider).filter(shop=shop).exists()


# --- invitations


@pytest.fixture
def invite(shop, seller, django_capture_on_commit_callbacks):
    def send(email, role="support"):
        with django_capture_on_commit_callbacks(execute=True):
            return members.invite(shop=shop, email=email, role=role, by=seller)

    return send


def test_known_unknown_and_staff_addresses_get_the_same_mail(invite, stranger, mailoutbox):
    make_user("stella", is_staff=True)

    for name in ("sam", "nobody", "stella"):
        invite(f"{name}@example.test")

    assert len({message.body for message in mailoutbox}) == 1
    assert [message.to[0] for message in mailoutbox] == [
        "sam@example.test",
        "nobody@example.test",
        "stella@example.test",
    ]
    assert "Fern & Co" in mailoutbox[0].body


def test_an_invitation_is_accepted_on_a_page(client, shop, invite, stranger):
    invite("Sam@Example.test")
    client.force_login(stranger)
    assert "Fern &amp; Co invites you" in client.get("/account/shops/").content.decode()

    answer = fill_in(client, "/account/shops/", answer="accept")

    assert answer.status_code == 303
    assert seats(shop) == [("fern", "owner"), ("sam", "support")]
    assert not ShopInvitation.objects.exists()


def test_an_invitation_is_declined(client, shop, invite, stranger):
    invite("sam@example.test")
    client.force_login(stranger)

    fill_in(client, "/account/shops/", answer="decline")

    assert seats(shop) == [("fern", "owner")]
    assert not ShopInvitation.objects.exists()


def test_the_invitation_of_somebody_else_does_not_exist(client, shop, invite, stranger, buyer):
    invitation = invite("sam@example.test")
    client.force_login(buyer)

    page = client.get("/account/shops/").content.decode()
    answer = client.post(f"/account/shops/invitations/{invitation.uuid}/", {"answer": "accept"})

    assert "invites you" not in page
    assert answer.status_code == 404
    with pytest.raises(InvitationGone):
        members.accept(invitation=invitation, user=buyer)
    assert seats(shop) == [("fern", "owner")]
    assert not ShopInvitation.objects.visible_to(AnonymousUser())


def test_an_invitation_is_used_once(invite, stranger, shop):
    invitation = invite("sam@example.test")
    members.accept(invitation=invitation, user=stranger)
    members.remove_member(member=seat_of(shop, "sam"), by=make_user("fern"))

    with pytest.raises(InvitationGone):
        members.accept(invitation=invitation, user=stranger)


def test_an_invitation_waits_two_weeks(invite, stranger):
    invitation = invite("sam@example.test")

    with time_machine.travel(now() + timedelta(days=15)), pytest.raises(InvitationGone):
        members.accept(invitation=invitation, user=stranger)


def test_staff_who_accept_stay_out(client, shop, invite):
    staff = make_user("stella", is_staff=True)
    invitation = invite(staff.email)
    client.force_login(staff)

    client.post(f"/account/shops/invitations/{invitation.uuid}/", {"answer": "accept"})

    assert seats(shop) == [("fern", "owner")]
    assert ShopInvitation.objects.exists()


def test_asking_again_renews_the_invitation(invite):
    invite("sam@example.test", role="support")

    again = invite("sam@example.test", role="manager")

    assert ShopInvitation.objects.get() == again
    assert again.role == "manager"


def test_the_audit_finds_a_seller_who_is_staff(shop, seller):
    def offenders():
        return [
            row["id"] for found in prove() if found.invariant.code == "I17" for row in found.rows
        ]

    assert offenders() == []

    User.objects.filter(pk=seller.pk).update(is_staff=True)

    assert offenders() == [seller.pk]
