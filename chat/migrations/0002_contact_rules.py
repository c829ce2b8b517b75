from __future__ import annotations

from django.db import migrations

NOTICE = (
    "Pay and agree here: what is arranged elsewhere is not protected, and the shop's answer "
    "does not appear beside your order."
)
RULES = {
    "mail": "",
    "phone": "",
    # Where parcels are followed.
    "link": "\n".join(
        [
            "anpost.com",
            "dhl.com",
            "dhl.de",
            "dpd.com",
            "fedex.com",
            "gls-group.com",
            "laposte.fr",
            "postnl.nl",
            "royalmail.com",
            "ups.com",
        ]
    ),
    "words": "\n".join(
        [
            "whatsapp",
            "telegram",
            "signal group",
            "paypal me",
            "paypal friends",
            "western union",
            "bank transfer directly",
            "pay outside",
            "outside the marketplace",
            "without the fees",
        ]
    ),
}


def make_rules(apps, schema_editor):
    rules = apps.get_model("chat", "ContactRule").objects
    for kind, entries in RULES.items():
        rules.get_or_create(kind=kind, defaults={"entries": entries, "notice": NOTICE})


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_squashed")]

    operations = [migrations.RunPython(make_rules, migrations.RunPython.noop)]
