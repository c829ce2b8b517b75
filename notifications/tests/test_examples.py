"""Staff look at every mail that may be written, also at those that never were."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission

from accounts.tests.factories import make_user
from notifications.examples import EXAMPLES
from notifications.kinds import KINDS
from notifications.models import Mail
from notifications.services.mailing import TEMPLATES

PAGE = "/admin/notifications/mail/examples/"
LANGUAGES = [code for code, _ in settings.LANGUAGES]
MISSING = "IS-MISSING"


@pytest.fixture
def clear_gaps(settings):
    """What a template reads and nobody gave it stands there in letters."""
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["OPTIONS"]["string_if_invalid"] = MISSING
    settings.TEMPLATES = templates


@pytest.fixture
def helper(db, client):
    helper = make_user("helper", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_mail"))
    client.force_login(helper)
    return client


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_word_is_missing(name, language, clear_gaps):
    for part in EXAMPLES[name].render(language):
        assert part.strip()
        assert MISSING not in part
        # Nor a fact that a sentence names, nor a thing without words.
        assert "%(" not in part
        assert not re.search(r"namespace\(|&lt;|object at 0x", part)


def test_every_kind_has_its_example():
    assert {name.partition("-")[0] for name in EXAMPLES} >= KINDS.keys()


def test_every_template_of_a_mail_is_seen_in_one():
    folder = Path(__file__).parents[1] / "templates" / TEMPLATES
    written = {path.name.removesuffix("_subject.txt") for path in folder.glob("*_subject.txt")}

    assert written - {"notice"} <= {example.template for example in EXAMPLES.values()}


def test_staff_find_each_mail_in_each_language(helper):
    page = helper.get(PAGE).content.decode()
    assert f'href="{PAGE}"' in helper.get("/admin/notifications/mail/").content.decode()

    for name in EXAMPLES:
        for language in LANGUAGES:
            for form in ("html", "txt"):
                assert f'href="{PAGE}{name}/{language}.{form}"' in page
    mail = helper.get(f"{PAGE}order_paid/{LANGUAGES[0]}.html")
    text = helper.get(f"{PAGE}order_paid/{LANGUAGES[0]}.txt")
    assert "Thank you, Ana Sample" in mail.content.decode()
    assert text.content.decode().startswith("Order MF-7Q2KX is paid\n\n")
    assert text["Content-Type"] == "text/plain; charset=utf-8"
    assert not Mail.objects.exists()


@pytest.mark.parametrize(
    "path", ["nothing/en-gb.html", "order_paid/xx.html", "order_paid/en-gb.pdf"]
)
def test_what_there_is_not_is_not_found(helper, path):
    assert helper.get(PAGE + path).status_code == 404


def test_who_may_not_see_mails_sees_no_example(client, db):
    client.force_login(make_user("clerk", is_staff=True))

    assert client.get(PAGE).status_code == 403
    assert client.get(f"{PAGE}order_paid/en-gb.html").status_code == 403
