import re

import pytest
from allauth.account.models import EmailAddress

from accounts.models import User
from accounts.services import sessions
from accounts.tests.factories import PASSWORD, make_user
from accounts.tests.forms import fill_in

pytestmark = pytest.mark.django_db


def sign_in(client, login="ana@example.test", password=PASSWORD, url="/account/login/", **more):
    return fill_in(client, url, login=login, password=password, **more)


def test_the_address_is_the_user_name_in_any_case(client, buyer):
    answer = sign_in(client, login=" Ana@Example.TEST ")

    assert answer.status_code == 303
    assert answer["Location"] == "/account/"
    assert "Hello Ana" in client.get("/account/").content.decode()


def test_wrong_password_and_unknown_address_look_the_same(client, buyer):
    wrong = sign_in(client, password="not the password")
    unknown = sign_in(client, login="who@example.test", password="not the password")

    assert wrong.status_code == unknown.status_code == 422
    assert "Check your e-mail address and password" in wrong.content.decode()
    same = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|\w+@example\.test')
    assert same.sub("", wrong.content.decode()) == same.sub("", unknown.content.decode())


def test_the_password_is_not_shown_again(client, buyer):
    page = sign_in(client, password="not the password").content.decode()

    assert "not the password" not in page
    assert 'value="ana@example.test"' in page


def test_signing_in_gives_the_session_a_new_key(client, buyer):
    client.get("/account/login/")
    session = client.session
    session["seen"] = True
    session.save()
    client.cookies["sessionid"] = session.session_key

    sign_in(client)

    assert client.session.session_key != session.session_key


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/cart/", "/cart/"),
        ("https://elsewhere.example/", "/account/"),
        ("//elsewhere.example/", "/account/"),
        ("http://localhost/", "/account/"),
        ("javascript:alert(1)", "/account/"),
    ],
)
def test_next_leads_to_this_host_only(client, buyer, asked, led_to):
    answer = sign_in(client, url=f"/account/login/?next={asked}")

    assert answer["Location"] == led_to


def test_who_is_signed_in_already_goes_on(client, buyer):
    client.force_login(buyer)

    assert client.get("/account/login/?next=/cart/")["Location"] == "/cart/"


def test_an_unconfirmed_address_gets_a_mail_instead_of_a_session(client, buyer, mailoutbox):
    EmailAddress.objects.filter(user=buyer).update(verified=False)

    answer = sign_in(client)

    assert answer["Location"] == "/account/confirm-email/"
    assert client.get("/account/").status_code == 302
    assert mailoutbox[0].to == ["ana@example.test"]


def test_a_closed_account_stays_out(client, buyer):
    User.objects.filter(pk=buyer.pk).update(is_active=False)

    answer = sign_in(client, password=PASSWORD)

    assert answer["Location"] == "/account/inactive/"
    assert "This account is closed" in client.get("/account/inactive/").content.decode()
    assert client.get("/account/").status_code == 302


def test_an_address_that_waits_to_be_confirmed_is_no_user_name(client, buyer):
    EmailAddress.objects.create(user=buyer, email="new@example.test")

    assert sign_in(client, login="new@example.test").status_code == 422


def test_people_of_the_demo_exist_only_in_a_demo(client, settings):
    make_user("buyer", email="buyer@demo.test")
    settings.DEMO = False

    assert sign_in(client, login="buyer@demo.test").status_code == 422

    settings.DEMO = True
    assert sign_in(client, login="buyer@demo.test").status_code == 303


def test_guessing_stops_before_the_hasher(client, buyer, settings, monkeypatch):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in_account": "3/300"}
    checked = []
    monkeypatch.setattr(
        User, "check_password", lambda user, password: checked.append(password) or False
    )
    spellings = ["ana@example.test", "ANA@example.test", "Ana@EXAMPLE.test", "aNa@example.test"]

    answers = [sign_in(client, login=spelling, password="guess") for spelling in spellings]

    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    assert len(checked) == 3
    assert re.search(r"Try again at <time[^>]*>\d\d:\d\d", answers[-1].content.decode())


def test_one_place_may_not_try_account_after_account(client, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in_address": "2/300"}

    answers = [sign_in(client, login=f"{name}@example.test", password="guess") for name in "abc"]

    assert [answer.status_code for answer in answers] == [422, 422, 429]


def test_a_success_in_between_gives_no_further_guesses(client, buyer, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in_address": "2/300"}
    sign_in(client)
    client.logout()
    sign_in(client, login="b@example.test", password="guess")

    assert sign_in(client, login="b@example.test", password="guess").status_code == 429


def test_keep_me_signed_in_outlives_the_browser(client, buyer):
    sign_in(client, remember="on")
    assert client.cookies["sessionid"]["max-age"]

    client.logout()
    sign_in(client)
    assert not client.cookies["sessionid"]["max-age"]


def test_signing_out_is_a_post_and_leads_home(client, buyer):
    client.force_login(buyer)
    client.get("/account/logout/")
    assert client.get("/account/").status_code == 200

    answer = client.post("/account/logout/")

    assert answer.status_code == 303
    assert client.get("/account/").status_code == 302


def test_a_raised_session_version_ends_every_session(client, client_of_another, buyer):
    for browser in (client, client_of_another):
        browser.force_login(buyer)

    sessions.end_all(buyer)

    assert client.get("/account/").status_code == 302
    assert client_of_another.get("/account/").status_code == 302


def test_signing_out_the_others_keeps_this_browser(client, client_of_another, buyer):
    for browser in (client, client_of_another):
        browser.force_login(buyer)

    client.post("/account/security/sign-out-others/")

    assert client.get("/account/").status_code == 200
    assert client_of_another.get("/account/").status_code == 302
