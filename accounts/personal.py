"""What accounts keep about a person."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.services import sessions
from accounts.services.exports import personal


@personal("account")
def account_of(user: User) -> dict[str, Any]:
    return {
        "id": user.uuid,
        "email": user.email,
        "name": user.name,
        "wants_news": user.wants_news,
        "joined": user.date_joined,
        "last_sign_in": user.last_login,
        "second_factors": [factor.type for factor in user.authenticator_set.order_by("pk")],
        "shops": [
            {"shop": seat.shop.slug, "role": seat.role, "joined": seat.joined_at}
            for seat in user.memberships.select_related("shop")
        ],
    }


@personal("addresses")
def addresses_of(user: User) -> list[dict[str, Any]]:
    return [
        {**address.snapshot(), "is_default": address.is_default}
        for address in user.addresses.order_by("pk")
    ]


@personal("followed_shops")
def followed_shops_of(user: User) -> list[dict[str, Any]]:
    return [
        {"shop": follow.shop.slug, "muted": follow.is_muted, "since": follow.created_at}
        for follow in user.follows.select_related("shop")
    ]


@personal("sign_ins")
def sign_ins_of(user: User) -> list[dict[str, Any]]:
    return [
        {
            "kind": device.kind,
            "agent": device.agent,
            "address": device.address,
            "signed_in": device.started_at,
            "last_seen": device.seen_at,
        }
        for device in sessions.devices(user)
    ]


@personal("api_keys")
def api_keys_of(user: User) -> list[dict[str, Any]]:
    return [
        {
            "name": key.name,
            "begins": key.prefix,
            "shop": key.shop.slug if key.shop else None,
            "scopes": key.scopes,
            "made": key.made_at,
            "last_used": key.last_used_at,
        }
        for key in user.api_keys.select_related("shop")
    ]
