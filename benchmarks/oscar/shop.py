"""django-oscar with its default apps: settings, addresses and application in one module.

As its guide sets it up for production: DEBUG off, cached templates, Redis as its cache,
connections that last. Nobody signs in, as at ours. `python -m shop 10000` migrates and stocks
it. It imports nothing of ours and runs in the environment of requirements.txt beside it.
"""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path
from oscar import INSTALLED_APPS, defaults

DATABASE_PORT, REDIS_URL = os.environ["OSCAR_DATABASE_PORT"], os.environ["OSCAR_REDIS_URL"]
DATA = Path(os.environ["OSCAR_DATA"])

ours = {name: getattr(defaults, name) for name in dir(defaults) if name.isupper()}
ours |= {
    "DEBUG": False,
    "SECRET_KEY": "measured-and-thrown-away",
    "ALLOWED_HOSTS": ["127.0.0.1", "market.example"],
    "ROOT_URLCONF": __name__,
    "INSTALLED_APPS": [*INSTALLED_APPS, "sorl.thumbnail"],
    "SITE_ID": 1,
    "USE_TZ": True,
    "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
    "STATIC_URL": "/static/",
    "MEDIA_URL": "/media/",
    "MEDIA_ROOT": str(DATA),
    "MIDDLEWARE": [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
        "oscar.apps.basket.middleware.BasketMiddleware",
    ],
    "AUTHENTICATION_BACKENDS": ["oscar.apps.customer.auth_backends.EmailBackend"],
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.debug",
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.template.context_processors.i18n",
                    "django.contrib.messages.context_processors.messages",
                    "oscar.apps.search.context_processors.search_form",
                    "oscar.apps.checkout.context_processors.checkout",
                    "oscar.apps.communication.notifications.context_processors.notifications",
                    "oscar.core.context_processors.metadata",
                ]
            },
        }
    ],
    "DATABASES": {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "oscar",
            "USER": "postgres",
            "HOST": "127.0.0.1",
            "PORT": DATABASE_PORT,
            "CONN_MAX_AGE": 600,
        }
    },
    "CACHES": {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
        }
    },
    "HAYSTACK_CONNECTIONS": {
        "default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}
    },
    "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
    "OSCAR_ALLOW_ANON_CHECKOUT": True,
    "OSCAR_DEFAULT_CURRENCY": "EUR",
}
settings.configure(**ours)
django.setup()

from django.apps import apps  # noqa: E402 - the settings come first

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
application = get_wsgi_application()


def fill(number: int) -> None:
    """So many products in 20 categories, each with a million units, as our market has."""
    from oscar.apps.address.models import Country
    from oscar.apps.catalogue.abstract_models import MissingProductImage
    from oscar.apps.catalogue.categories import create_from_breadcrumbs
    from oscar.apps.catalogue.models import Product, ProductCategory, ProductClass
    from oscar.apps.partner.models import Partner, StockRecord

    # Linked at the first page without a picture, where two first pages at once fail.
    MissingProductImage()
    call_command("migrate", verbosity=0)
    Country.objects.create(
        iso_3166_1_a2="IE",
        iso_3166_1_a3="IRL",
        iso_3166_1_numeric="372",
        printable_name="Ireland",
        name="Ireland",
        is_shipping_country=True,
    )
    kind = ProductClass.objects.create(name="Goods", requires_shipping=True, track_stock=True)
    partners = [Partner.objects.create(name=f"Partner {n}") for n in range(2)]
    categories = [create_from_breadcrumbs(f"Category {n}") for n in range(20)]
    products = Product.objects.bulk_create(
        Product(product_class=kind, title=f"Product {n}", slug=f"product-{n}", upc=f"U{n}")
        for n in range(number)
    )
    ProductCategory.objects.bulk_create(
        ProductCategory(product=product, category=categories[n % 20])
        for n, product in enumerate(products)
    )
    StockRecord.objects.bulk_create(
        StockRecord(
            product=product,
            partner=partners[n % 2],
            partner_sku=f"S{n}",
            price_currency="EUR",
            price=Decimal("12.50"),
            num_in_stock=1_000_000,
        )
        for n, product in enumerate(products)
    )


if __name__ == "__main__":
    fill(int(sys.argv[1]))
