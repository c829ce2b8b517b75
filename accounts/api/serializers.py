"""What programs send and get about people and shops."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from accounts.models import Address, Shop, User
from marketflow.core.api.fields import CountryField, StrictSerializer, WholeNumberField


class RegistrationInput(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    name = serializers.CharField(max_length=120)

    def validate(self, attrs: dict) -> dict:
        user = User(email=attrs["email"], name=attrs["name"])
        try:
            validate_password(attrs["password"], user)
        except DjangoValidationError as problem:
            raise serializers.ValidationError({"password": problem.messages}) from problem
        return attrs


class CredentialsInput(StrictSerializer):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    code = serializers.CharField(
        max_length=40,
        required=False,
        help_text="Of the second factor, for who has one: of an app, or a recovery code.",
    )


class RefreshInput(StrictSerializer):
    refresh = serializers.CharField(max_length=2000)


class PairSerializer(serializers.Serializer):
    access = serializers.CharField()
    refresh = serializers.CharField()


class PasswordChangeInput(StrictSerializer):
    current_password = serializers.CharField(max_length=128, trim_whitespace=False)
    new_password = serializers.CharField(max_length=128, trim_whitespace=False)


class ResetInput(StrictSerializer):
    email = serializers.EmailField(max_length=254)


class ResetConfirmInput(StrictSerializer):
    key = serializers.CharField(
        max_length=200, help_text="The end of the address in the mail, after `key/`."
    )
    password = serializers.CharField(max_length=128, trim_whitespace=False)


class PasswordInput(StrictSerializer):
    password = serializers.CharField(max_length=128, trim_whitespace=False)


class ProfileSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    shops = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "email", "name", "wants_news", "date_joined", "shops"]
        read_only_fields = fields

    def get_shops(self, user: User) -> list[str]:
        return list(user.shops.values_list("slug", flat=True))


class ProfileInput(StrictSerializer):
    name = serializers.CharField(max_length=120, required=False)
    wants_news = serializers.BooleanField(required=False)


class AddressFields(StrictSerializer):
    """A postal address as people and programs write it."""

    name = serializers.CharField(max_length=120)
    line1 = serializers.CharField(max_length=120)
    line2 = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    postcode = serializers.CharField(max_length=16, required=False, allow_blank=True, default="")
    city = serializers.CharField(max_length=80)
    region = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    country = CountryField()
    phone = serializers.CharField(max_length=32, required=False, allow_blank=True, default="")


class AddressInput(AddressFields):
    is_default = serializers.BooleanField(required=False, default=False)


class AddressSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    country = CountryField()

    class Meta:
        model = Address
        fields = ["id", *Address.FIELDS, "is_default"]
        read_only_fields = fields


class ShopSerializer(serializers.ModelSerializer):
    country = CountryField()
    is_trading = serializers.BooleanField()

    class Meta:
        model = Shop
        fields = [
            "slug",
            "name",
            "tagline",
            "about",
            "city",
            "country",
            "returns_days",
            "returns_policy",
            "terms",
            "is_trading",
            "away_until",
            "away_note",
            "opened_at",
        ]
        read_only_fields = fields


class OwnShopSerializer(ShopSerializer):
    """A shop as its members see it."""

    email = serializers.CharField(help_text="Blank where none is given.")

    class Meta(ShopSerializer.Meta):
        fields = [
            *ShopSerializer.Meta.fields,
            "state",
            "state_reason",
            "email",
            "legal_name",
            "legal_address",
            "vat_number",
            "away_from",
        ]
        read_only_fields = fields


class ApplicationSerializer(OwnShopSerializer):
    """A shop as those see it who decide whether it opens."""

    class Meta(OwnShopSerializer.Meta):
        fields = [*OwnShopSerializer.Meta.fields, "applied_at"]
        read_only_fields = fields


class RefusalInput(StrictSerializer):
    reason = serializers.CharField(max_length=500)


class ShopInput(StrictSerializer):
    """What a shop says of itself. Its state is not among it."""

    name = serializers.CharField(max_length=80)
    country = CountryField()
    tagline = serializers.CharField(max_length=140, required=False, allow_blank=True)
    about = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    city = serializers.CharField(max_length=80, required=False, allow_blank=True)
    email = serializers.EmailField(required=False, allow_blank=True)
    legal_name = serializers.CharField(max_length=140, required=False, allow_blank=True)
    legal_address = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    vat_number = serializers.CharField(max_length=24, required=False, allow_blank=True)
    terms = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    returns_policy = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    returns_days = WholeNumberField(min_value=0, max_value=365, required=False)


class ApplicationInput(ShopInput):
    slug = serializers.SlugField(max_length=90)


class ShopChangeInput(ShopInput):
    away_from = serializers.DateField(required=False, allow_null=True)
    away_until = serializers.DateField(required=False, allow_null=True)
    away_note = serializers.CharField(max_length=200, required=False, allow_blank=True)
