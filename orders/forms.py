"""What is typed in checkout, on an order and to find one."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import postcodes
from accounts.forms.account import AddressForm
from accounts.forms.words import say, say_email
from accounts.models import Address
from marketflow.core.forms import PlainSpeech
from orders import gateways
from orders.gateways.test import CAPTURED

ANOTHER = "another"
# Where a parcel needs the region: a state, a province, a prefecture.
WITH_REGION = {"AR", "AU", "BR", "CA", "CN", "ES", "IN", "IT", "JP", "MX", "MY", "TH", "US"}


class ContactForm(PlainSpeech, forms.Form):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say_email(self.fields["email"])
        self.fields["email"].help_text = _("For the order and its delivery, nothing else.")


class DeliveryAddressForm(AddressForm):
    """Where it goes. The country decides which fields there are."""

    KIND = "shipping"

    class Meta(AddressForm.Meta):
        model = Address
        fields = ["name", "country", "line1", "line2", "postcode", "city", "region", "phone"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            token = field.widget.attrs.get("autocomplete", "")
            field.widget.attrs["autocomplete"] = f"{self.KIND} {token}".strip()
        # Another country has other fields and other delivery: the page is asked for anew.
        self.fields["country"].widget.attrs["data-reprices"] = True
        self._fit_to(str(self["country"].value() or ""))

    def _fit_to(self, country: str) -> None:
        if country not in WITH_REGION:
            del self.fields["region"]
        postcode = self.fields["postcode"]
        postcode.required = postcodes.are_needed(country)
        postcode.error_messages["required"] = _("Enter the postcode")
        postcode.help_text = ""


class BillingForm(forms.Form):
    # Another address has fields of its own: the page is asked for anew.
    same = forms.BooleanField(
        label=_("Same as delivery"),
        required=False,
        initial=True,
        widget=forms.CheckboxInput(attrs={"data-reprices": True}),
    )


class BillingAddressForm(DeliveryAddressForm):
    """Whom the invoice is for, where that is somebody else."""

    KIND = "billing"

    class Meta(DeliveryAddressForm.Meta):
        fields = ["name", "country", "line1", "line2", "postcode", "city", "region"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, prefix="billing", **kwargs)
        # It changes no price.
        del self.fields["country"].widget.attrs["data-reprices"]


class SavedAddressForm(forms.Form):
    """One of the buyer's own addresses, or another."""

    saved = forms.ChoiceField(label=_("Delivery address"))

    def __init__(self, *args, book: list[Address], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.book = book
        choices = [(str(address.uuid), str(address)) for address in book]
        self.fields["saved"].choices = [*choices, (ANOTHER, _("Use another address"))]
        self.fields["saved"].error_messages["required"] = _("Choose a delivery address")


class KeepAddressForm(forms.Form):
    keep = forms.BooleanField(label=_("Save this address to my account"), required=False)


class MethodForm(forms.Form):
    method = forms.ChoiceField(label=_("How do you want to pay?"))

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["method"]
        field.choices = [(gateway.name, gateway.label) for gateway in gateways.enabled()]
        field.error_messages["required"] = _("Choose how you want to pay")


class TestCardForm(PlainSpeech, forms.Form):
    """What the test provider asks for. It begins with the card that is accepted."""

    __test__ = False  # No test case, whatever pytest makes of its name.

    card = forms.CharField(
        label=_("Test card number"),
        max_length=30,
        initial=f"{CAPTURED[:4]} {CAPTURED[4:8]} {CAPTURED[8:12]} {CAPTURED[12:]}",
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        # No real card belongs here, so no browser shall offer one.
        say(
            self.fields["card"],
            hint=_("No money moves. Never type a real card number here."),
            missing=_("Enter a test card number"),
            autocomplete="off",
            inputmode="numeric",
            spellcheck="false",
        )


class StripeForm(forms.Form):
    """The token that the provider's script made of what was typed in the provider's own fields."""

    payment_method = forms.RegexField(
        label=_("Card"),
        regex=r"^(pm|ctoken)_\w{1,200}$",
        error_messages={
            "required": _("Enter your card in the fields of the payment provider"),
            "invalid": _("Enter your card once more"),
        },
    )


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("Note to the shops"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )


class FindForm(PlainSpeech, forms.Form):
    number = forms.CharField(label=_("Order number"), max_length=20)
    email = forms.EmailField(label=_("E-mail address"), max_length=254)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say(
            self.fields["number"],
            hint=_("It begins with MF- and stands in every mail about the order."),
            missing=_("Enter the order number"),
            autocomplete="off",
            autocapitalize="characters",
            spellcheck="false",
        )
        say_email(self.fields["email"])

    def clean_number(self) -> str:
        number = self.cleaned_data["number"].strip().upper()
        return number if number.startswith("MF-") else f"MF-{number}"


# What each provider asks for on our pages, by its name; the others ask on their own.
DETAILS: dict[str, type[forms.Form]] = {"test": TestCardForm, "stripe": StripeForm}


def details_form(method: str, data=None) -> forms.Form:
    """The form of the provider's own details; one without fields where it asks for none."""
    return DETAILS.get(method, forms.Form)(data)
