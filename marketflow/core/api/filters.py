"""What a list is narrowed by, named in one place: for the reference, and for the rows.

A filter's fields are the parameters of the address, and their `source` is what is looked up.
Parameters that a list does not know are left alone, as in every list.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from marketflow.core.api.fields import ChoiceField

MOST_VALUES = 100


class Several(serializers.ListField):
    """A parameter that may come several times: its values are alternatives."""

    def __init__(self, child: serializers.Field, **kwargs: Any) -> None:
        super().__init__(child=child, max_length=MOST_VALUES, required=False, **kwargs)

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        """Which of its values was wrong nobody asks: an address has no places to count."""
        try:
            return super().run_child_validation(data)
        except serializers.ValidationError as problem:
            told = chain.from_iterable(problem.detail.values())
            raise serializers.ValidationError(list(dict.fromkeys(told))) from problem


def states(choices: type) -> Several:
    """The parameter `state`."""
    return Several(ChoiceField(choices.choices), source="state__in")


def narrowed(
    rows: QuerySet, request: Request, filter_class: type[serializers.Serializer]
) -> QuerySet:
    """Of `rows` what the request asks for. Raises ValidationError for what makes no sense."""
    asked = filter_class(data=request.query_params)
    asked.is_valid(raise_exception=True)
    return rows.filter(**asked.validated_data)


class FilteredList:
    """For views of a list that `filter_class` narrows. One row is found whatever is asked."""

    filter_class: type[serializers.Serializer]

    def filter_queryset(self, rows: QuerySet) -> QuerySet:
        return narrowed(rows, self.request, self.filter_class) if self.action == "list" else rows
