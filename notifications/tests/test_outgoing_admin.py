"""Staff look at mails and pushes that went nowhere, and send them again."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from accounts.tests.factories import make_user
from marketflow.core.models import AuditEntry
from notifications.models import Mail, Push
from notifications.services import delivery
from notifications.tests.factories import make_notifications, parcel_news
from notifications.tests.vapid_keys import KEY, SUBJECT
from notifications.tests.waking import make_browser

pytestmark = pytest.mark.django_db

MAIL, PUSH = "/admin/notifications/mail/", "/admin/notifications/push/"


@pytest.fixture(autouse=True)
def market_that_pushes(settings):
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = KEY, SUBJECT


@pytest.fixture
def boss(client):
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def given_up(buyer) -> Push:
    make_browser(buyer)
    make_notifications(buyer)
    push = Push.objects.get()
    push.give_up("Answered 403.")
    return push


def send_again(client, path: str, row) -> str:
    data = {"action": "send_again", "_selected_action": [row.pk]}
    return client.post(path, data, follow=True).content.decode()


def test_a_push_that_was_given_up_is_found_and_sent_again(boss, given_up):
    page = boss.get(f"{PUSH}?state=failed").content.decode()
    assert "Answered 403." in page
    assert "push.example.test" in page
    # The rest of the address is as good as a key.
    assert given_up.subscription.endpoint not in page
    assert "Failed pushes" in boss.get("/admin/").content.decode()

    assert "1 will be sent again." in send_again(boss, PUSH, given_up)

    assert list(Push.objects.waiting()) == [given_up]
    assert Push.objects.get().last_error == ""
    assert AuditEntry.objects.get().action == "notifications.push.sent_again"


def test_what_a_browser_was_told_buzzes_no_second_time(boss, given_up):
    given_up.finish()

    assert "0 will be sent again." in send_again(boss, PUSH, given_up)

    assert not Push.objects.waiting().exists()


def test_a_mail_that_was_given_up_is_sent_again(boss, buyer):
    delivery.tell(user=buyer, news=parcel_news())
    mail = Mail.objects.get()
    mail.give_up("No such mailbox.")
    assert "No such mailbox." in boss.get(f"{MAIL}{mail.pk}/change/").content.decode()

    send_again(boss, MAIL, mail)

    assert list(Mail.objects.waiting()) == [mail]


def test_a_mail_is_looked_at_as_its_reader_sees_it(boss, buyer):
    delivery.tell(user=buyer, news=parcel_news())
    mail = Mail.objects.get()
    address = f"{MAIL}{mail.pk}/preview/"

    assert f'href="{address}"' in boss.get(f"{MAIL}{mail.pk}/change/").content.decode()
    assert boss.get(address).content.decode() == mail.html
    assert boss.post(address).status_code == 405
    Mail.objects.update(html="")
    assert boss.get(address).status_code == 404
    assert "As text alone." in boss.get(f"{MAIL}{mail.pk}/change/").content.decode()


def test_who_may_read_the_list_of_mails_reads_no_mail(client, buyer):
    delivery.tell(user=buyer, news=parcel_news())
    mail = Mail.objects.get()
    helper = make_user("helper", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_mail"))
    client.force_login(helper)

    page = client.get(f"{MAIL}{mail.pk}/change/")

    assert page.status_code == 200
    assert "preview/" not in page.content.decode()
    assert client.get(f"{MAIL}{mail.pk}/preview/").status_code == 403


@pytest.mark.parametrize("path", [MAIL, PUSH])
def test_nothing_is_made_or_changed_by_hand(boss, given_up, path):
    assert boss.get(f"{path}add/").status_code == 403
    assert boss.post(f"{path}{given_up.pk}/delete/").status_code in (302, 403)
    assert Push.objects.exists()


def test_the_list_costs_the_same_for_one_and_for_five(
    boss, buyer, given_up, django_assert_max_num_queries
):
    costs = []
    for number in (0, 4):
        for _ in range(number):
            make_browser(buyer)
            make_notifications(buyer)
        with django_assert_max_num_queries(15) as queries:
            assert boss.get(PUSH).status_code == 200
        costs.append(len(queries))

    assert costs[0] == costs[1]
