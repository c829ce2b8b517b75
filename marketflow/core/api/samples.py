"""What a body may look like, made from the serializer that reads it.

The reference shows it as an example, the browsable pages as the text to begin with.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.fields import empty

from marketflow.core.api.fields import MoneyField

BY_NAME = {
    "about": "We turn bowls from fallen oak.",
    "alt": "The bowl from above",
    "answer": "Send it in the box it came in.",
    "as_of": "2026-01-31T02:00:00Z",
    "address_id": "5b0c8c1a-5c3e-4c33-9a39-0d8f2f3c6b11",
    "body": "It has stood on our table since March, and the oil holds.",
    "brand": "Fern",
    "card": "4242424242424242",
    "carrier": "An Post",
    "category": "bowls",
    "city": "Dublin",
    "country": "IE",
    "current_password": "correct horse battery",
    "description": "<p>Turned by hand.</p>",
    "email": "ana@example.org",
    "events": ["order.paid"],
    "line1": "1 Mill Lane",
    "method": "test",
    "name": "Ana Byrne",
    "new_password": "another horse battery",
    "on_hand": 12,
    "option_names": ["Size"],
    "options": {"Size": "L"},
    "password": "correct horse battery",
    "payment_method": "test",
    "phone": "+353 1 555 0100",
    "postcode": "D02 X285",
    "product": "oak-bowl",
    "quantity": 1,
    "quote": "0c1f6a…",
    "refresh": "eyJhbGciOi…",
    "rating": 5,
    "reason": "It arrived in pieces.",
    "seller_order": "MF-7KQ2M9XH-1",
    "shipping": {"fern-co": "2f3cd0b4-7d0e-4d3c-8f0a-0c8e7f6d5a41"},
    "shop": "fern-co",
    "sku": "BOWL-L",
    "since": "2026-01-31T02:00:00Z",
    "slug": "fern-co",
    "tags": ["wood", "kitchen"],
    "tagline": "Bowls and boards",
    "time_zone": "Europe/Dublin",
    "title": "Oak bowl",
    "tracking_number": "CE123456789IE",
    "url": "https://erp.example/hooks",
    "value": "Oak",
    "weight_grams": 640,
    # Where one name means several things.
    "ApplicationInput.name": "Fern & Co",
    "AttributeInput.name": "Wood",
    "CouponInput.code": "SPRING10",
    "EndpointChangeInput.description": "The ERP",
    "EndpointInput.description": "The ERP",
    "HoursInput.from": "22:00",
    "HoursInput.until": "07:00",
    "ResetConfirmInput.key": "1-c8xqzr-0c1f6a…",
    "ShopChangeInput.name": "Fern & Co",
}
# One of several ways, never all.
LEFT_OUT = {
    "NotificationsReadInput.ids",
    "PaymentInput.payment_method",
    "StockItemInput.delta",
    "address_id",
}


def sample(serializer: serializers.BaseSerializer) -> Any:
    """A body that `serializer` could read."""
    if isinstance(serializer, serializers.ListSerializer):
        return [sample(serializer.child)]
    kind, found = type(serializer).__name__, {}
    for name, field in serializer.fields.items():
        own = f"{kind}.{name}"
        if not field.read_only and not LEFT_OUT & {name, own}:
            found[name] = _value(own if own in BY_NAME else name, field)
    return {name: value for name, value in found.items() if value is not empty}


def _value(name: str, field: serializers.Field) -> Any:
    if isinstance(field, serializers.BaseSerializer):
        return sample(field)
    if isinstance(field, MoneyField):
        amount = 2499 if field.allow_null else 1999
        return {"amount": amount, "currency": settings.MARKETPLACE_CURRENCY}
    if name in BY_NAME and not isinstance(field, serializers.BooleanField):
        return BY_NAME[name]
    if isinstance(field, serializers.ChoiceField):
        return next(iter(field.choices))
    return _plain(field)


def _plain(field: serializers.Field) -> Any:
    if field.default is not empty and not callable(field.default):
        return field.default
    if field.allow_null:
        return None
    if isinstance(field, serializers.BooleanField):
        return True
    if isinstance(field, serializers.IntegerField):
        return 30
    if isinstance(field, serializers.UUIDField):
        return "9a7b1c44-3f0e-4a57-8d2b-6f1f0a3d2c10"
    if isinstance(field, serializers.ListField):
        return []
    if isinstance(field, serializers.DictField):
        return {}
    # Optional, and not to be blank: no example is better than a wrong one.
    is_blank = getattr(field, "allow_blank", False)
    return "" if is_blank or field.required else empty
