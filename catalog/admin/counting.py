"""Counting stock on a page: what was counted is compared with what was shown.

The form carries the number it showed. If the shelf has moved since, nothing is written and the
person is told, so that no sale is forgotten.
"""

from __future__ import annotations

from uuid import uuid4

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from catalog.models import StockItem, Variant
from catalog.services import inventory

MOST_UNITS = 1_000_000


class CountField(forms.IntegerField):
    def __init__(self, **kwargs: object) -> None:
        kwargs.setdefault("widget", UnfoldAdminIntegerFieldWidget(attrs={"class": "mf-count"}))
        super().__init__(
            label=_("On hand"),
            min_value=0,
            max_value=MOST_UNITS,
            required=False,
            # The number that was shown travels along, beside the one that was typed.
            show_hidden_initial=True,
            **kwargs,
        )


class CountForm(forms.ModelForm):
    """`on_hand` is what was counted, `seen` what the page had shown."""

    on_hand = CountField()

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        item = self.item()
        self.initial["on_hand"] = item.on_hand if item else None

    def item(self) -> StockItem | None:
        raise NotImplementedError

    def clean(self) -> dict[str, object]:
        data = super().clean()
        if "on_hand" in self.changed_data and "on_hand" in data:
            self._compare(data["on_hand"])
        return data

    @property
    def seen(self) -> int | None:
        shown = self.data.get(self["on_hand"].html_initial_name, "")
        return int(shown) if shown.isdecimal() else None

    @property
    def has_count(self) -> bool:
        """Whether a number was typed that differs from the one shown."""
        counted = self.cleaned_data.get("on_hand")
        return counted is not None and counted != self.seen

    def count(self, variant: Variant) -> None:
        """Bring the shelf to what was counted. Raises `BelowAllocated`."""
        item = StockItem.objects.filter(variant=variant).select_related("variant").first()
        counted = self.cleaned_data["on_hand"]
        if item is None:
            inventory.track(variant, counted)
        else:
            # The difference, not the number: a sale since the check a moment ago stays sold.
            inventory.change(item, counted - (self.seen or 0), key=f"count:{uuid4().hex}")

    def _compare(self, counted: int | None) -> None:
        item = self.item()
        fresh = StockItem.objects.filter(pk=item.pk).first() if item else None
        if fresh is None:
            return
        if counted is None:
            self.add_error("on_hand", gettext("Enter a number, 0 when there is none."))
        elif fresh.on_hand != self.seen:
            self.add_error("on_hand", _conflict(fresh, self.seen or 0))
            self._show(fresh)
        elif counted < fresh.allocated:
            message = gettext("%(units)d are promised to orders.") % {"units": fresh.allocated}
            self.add_error("on_hand", message)

    def _show(self, item: StockItem) -> None:
        """Let the next attempt start from what is there now."""
        self.data = self.data.copy()
        self.data[self["on_hand"].html_initial_name] = str(item.on_hand)


def _conflict(item: StockItem, seen: int) -> str:
    facts = {"units": abs(item.on_hand - seen), "now": item.on_hand}
    if item.on_hand < seen:
        text = gettext("Sold %(units)d while you edited: %(now)d are on hand now. Count again.")
    else:
        text = gettext("%(units)d came in while you edited: %(now)d are on hand now. Count again.")
    return text % facts
