"""Pushes as the RFCs have them, by their own examples."""

from __future__ import annotations

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from notifications.services.pushing import encryption, vapid
from notifications.tests.vapid_keys import KEY, SUBJECT
from notifications.tests.waking import Browser, b64, unb64

# RFC 8291, appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
    "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def key_of(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(unb64(text), "big"), ec.SECP256R1())


def test_the_example_of_the_rfc_is_sealed_byte_for_byte():
    sealed = encryption.encrypt(
        PLAIN, p256dh=P256DH, auth=AUTH, sender=key_of(SENDER), salt=unb64(SALT)
    )

    assert b64(sealed) == SEALED
    assert Browser(key_of(RECEIVER), unb64(AUTH)).read(sealed) == PLAIN


def test_nothing_is_sealed_twice_the_same_and_only_its_browser_reads_it():
    browser, other = Browser(), Browser()

    first, second = (encryption.encrypt(PLAIN, **browser.keys) for _ in range(2))

    assert first != second
    assert (browser.read(first), browser.read(second)) == (PLAIN, PLAIN)
    with pytest.raises(Exception) as problem:
        other.read(first)
    assert type(problem.value).__name__ == "InvalidTag"


def test_what_is_too_long_is_a_bug_and_the_longest_fits_a_push_service():
    browser = Browser()

    longest = encryption.encrypt(bytes(encryption.MOST_BYTES), **browser.keys)

    assert len(longest) <= 4096
    with pytest.raises(ValueError, match="3073 bytes"):
        encryption.encrypt(bytes(encryption.MOST_BYTES + 1), **browser.keys)


OFF_THE_CURVE = b64(b"\x04" + bytes(64))


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", AUTH),
        (P256DH, ""),
        (P256DH[:-4], AUTH),
        (P256DH, AUTH[:-4]),
        (OFF_THE_CURVE, AUTH),
        ("no key at all!", AUTH),
        ("é" * 87, AUTH),
        (P256DH, AUTH * 3),
    ],
)
def test_what_is_no_key_is_refused(p256dh, auth):
    with pytest.raises(ValueError):
        encryption.read_keys(p256dh, auth)


def test_a_token_is_for_one_push_service_and_half_a_day(settings):
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = KEY, SUBJECT

    header = vapid.authorization("https://push.example:8443/browsers/1?x=2")

    token, key = header.removeprefix("vapid t=").split(", k=")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(key))
    claims = jwt.decode(token, public, algorithms=["ES256"], audience="https://push.example:8443")
    assert set(claims) == {"aud", "exp", "sub"}
    assert claims["sub"] == SUBJECT
    assert key == vapid.public_key()
    assert KEY not in header
