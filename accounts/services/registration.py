"""New people."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts.models import User


def sign_up(*, email: str, password: str, name: str, wants_news: bool = False) -> User | None:
    """Make an account whose address is still to be confirmed; None where there is one already.

    Both take the same work, so that neither answer nor clock tells which it was. The caller
    sends a mail in either case.
    """
    user = User(email=User.objects.normalize_email(email), name=name, wants_news=wants_news)
    user.password = make_password(password)
    if User.objects.filter(email=user.email).exists():
        return None
    try:
        with transaction.atomic():
            user.save()
            EmailAddress.objects.create(user=user, email=user.email, primary=True)
    except IntegrityError:
        # Somebody signed up with the same address in this very moment.
        return None
    return user
