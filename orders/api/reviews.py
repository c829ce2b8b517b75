"""`reviews/`, and the lists of them at products: everybody reads, buyers write, shops reply."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import generics, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.serializers import RatingSerializer
from catalog.models import Product
from marketflow.core import rate_limits
from marketflow.core.api import pagination
from marketflow.core.api.caching import PublicReads
from marketflow.core.api.fields import StrictSerializer, WholeNumberField, one_of
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.inputs import require_nothing, validated
from marketflow.core.api.permissions import AllowAny, IsAuthenticated, IsAuthenticatedToWrite
from marketflow.core.plain_text import plain_text
from orders.models import OrderLine, Review, ReviewReport
from orders.services import reviews
from orders.services.review_lists import ORDERINGS, Wanted, histogram

STARS = {"min_value": 1, "max_value": 5}


class AuthorSerializer(serializers.Serializer):
    name = serializers.CharField(source="author_name", help_text="As everybody reads it: Ana B.")


class ReplySerializer(serializers.Serializer):
    shop = serializers.CharField(source="shop.slug")
    body = serializers.CharField(source="reply")
    created_at = serializers.DateTimeField(source="replied_at")


class ReviewSerializer(serializers.ModelSerializer):
    """A review as everybody reads it."""

    id = serializers.UUIDField(source="uuid")
    product = serializers.CharField(source="product.slug")
    author = AuthorSerializer(source="*")
    options = serializers.CharField(source="line.options", help_text="The variant bought.")
    reply = serializers.SerializerMethodField()

    class Meta:
        model = Review
        fields = [
            "id",
            "product",
            "rating",
            "title",
            "body",
            "author",
            "options",
            "created_at",
            "edited_at",
            "reply",
        ]
        read_only_fields = fields

    @extend_schema_field(ReplySerializer(allow_null=True))
    def get_reply(self, review: Review) -> dict[str, Any] | None:
        return ReplySerializer(review).data if review.reply else None


class OwnReviewSerializer(ReviewSerializer):
    """A review as its author reads it."""

    order_line = serializers.UUIDField(source="line.uuid")

    class Meta(ReviewSerializer.Meta):
        fields = [
            *ReviewSerializer.Meta.fields,
            "order_line",
            "editable_until",
            "hidden_at",
            "hidden_reason",
        ]
        read_only_fields = fields


class HistogramSerializer(serializers.Serializer):
    """How many gave each number of stars."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {str(stars): serializers.IntegerField() for stars in Review.STARS}


class ReviewPageSerializer(serializers.Serializer):
    """A page of reviews, and what all of them come to."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ReviewSerializer(many=True)
    rating = RatingSerializer()
    histogram = HistogramSerializer()


class ReviewChangeInput(StrictSerializer):
    rating = WholeNumberField(**STARS)
    title = serializers.CharField(
        max_length=Review.LONGEST_TITLE, required=False, allow_blank=True
    )
    body = serializers.CharField(max_length=Review.LONGEST_BODY, required=False, allow_blank=True)


class ReviewInput(ReviewChangeInput):
    order_line = serializers.UUIDField(help_text="One of the caller's that has arrived.")


class WordsField(serializers.CharField):
    """Text with something to read in it."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not plain_text(text):
            self.fail("blank")
        return text


class ReplyInput(StrictSerializer):
    body = WordsField(max_length=Review.LONGEST_REPLY)


class ReportInput(StrictSerializer):
    reason = WordsField(max_length=ReviewReport.LONGEST)


class ProductReviewsView(PublicReads, generics.GenericAPIView):
    permission_classes = [AllowAny]
    scopes = {"read": "products:read"}
    serializer_class = ReviewSerializer
    queryset = Review.objects.none()

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "rating",
                {"type": "array", "items": pagination.whole_numbers(1, most=5)},
                description="Several are options.",
            ),
            OpenApiParameter("ordering", OpenApiTypes.STR, enum=list(ORDERINGS)),
            *pagination.PARAMETERS,
        ],
        responses=ReviewPageSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Reviews of a product, the newest first, with its average and its histogram."""
        product = get_object_or_404(Product.objects.visible_to(request.user), slug=slug)
        wanted = Wanted.of(request.query_params)
        if wanted.wrong:
            expected = {"rating": one_of(Review.STARS), "ordering": one_of(ORDERINGS)}
            raise ValidationError({name: [expected[name]] for name in sorted(wanted.wrong)})
        rows = Review.objects.shown().filter(product=product)
        page = self.paginate_queryset(wanted.narrow(rows).with_contents())
        answer = self.get_paginated_response(self.get_serializer(page, many=True).data)
        answer.data["rating"] = RatingSerializer(product).data
        answer.data["histogram"] = {str(stars): n for stars, n in histogram(rows).items()}
        return answer


class ReviewViewSet(viewsets.ReadOnlyModelViewSet):
    """What the caller wrote; by its id, any review."""

    # Buyers write reviews, and programs buy nothing.
    scopes = {"reply": "reviews:write"}
    serializer_class = ReviewSerializer
    queryset = Review.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_permissions(self) -> list[BasePermission]:
        return [IsAuthenticated() if self.action == "list" else IsAuthenticatedToWrite()]

    def get_queryset(self) -> QuerySet:
        rows, user = Review.objects.with_contents(), self.request.user
        if self.action in ("list", "partial_update", "destroy"):
            return rows.written_by(user) if user.is_authenticated else rows.none()
        if self.action == "reply":
            return rows.managed_by(user)
        return rows.visible_to(user)

    @extend_schema(responses=OwnReviewSerializer(many=True))
    def list(self, request: Request) -> Response:
        """What the caller wrote."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(OwnReviewSerializer(page, many=True).data)

    @extend_schema(request=ReviewInput, responses={201: OwnReviewSerializer})
    @idempotent()
    def create(self, request: Request) -> Response:
        """Review a line of an order that was delivered, once.

        409 `not_delivered`, `already_reviewed`.
        """
        values = validated(ReviewInput, request)
        lines = OrderLine.objects.bought_by(request.user)
        line = lines.filter(uuid=values.pop("order_line")).first()
        if line is None:
            raise Http404
        rate_limits.count("review", f"user:{request.user.pk}")
        review = reviews.post(line=line, author=request.user, **values)
        return self._own(review, status=201)

    @extend_schema(request=ReviewChangeInput, responses=OwnReviewSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        """Change what is sent, within 60 days. 409 `not_editable`."""
        review = self.get_object()
        sent = ReviewChangeInput(data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        kept = {name: getattr(review, name) for name in ("rating", "title", "body")}
        return self._own(reviews.edit(review=review, **kept | sent.validated_data))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Take it back for good. The line stays reviewed."""
        review = self.get_object()
        require_nothing(request)
        reviews.withdraw(review=review)
        return Response(status=204)

    @extend_schema(request=ReplyInput, responses={201: ReviewSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def reply(self, request: Request, id: str) -> Response:
        """What the shop says to it, once. 409 `already_answered`."""
        review, values = self.get_object(), validated(ReplyInput, request)
        reviews.reply(review=review, body=values["body"], actor=request.user)
        found = Review.objects.with_contents().get(pk=review.pk)
        return Response(ReviewSerializer(found).data, status=201)

    @extend_schema(request=ReportInput, responses={201: ReportInput})
    @action(detail=True, methods=["post"])
    @idempotent()
    def reports(self, request: Request, id: str) -> Response:
        """Tell staff that it should not stand there. Saying it again changes nothing."""
        review, values = self.get_object(), validated(ReportInput, request)
        rate_limits.count("report", f"user:{request.user.pk}")
        said = reviews.report(review=review, reporter=request.user, reason=values["reason"])
        return Response({"reason": said.reason}, status=201)

    def _own(self, review: Review, status: int = 200) -> Response:
        found = Review.objects.with_contents().get(pk=review.pk)
        return Response(OwnReviewSerializer(found).data, status=status)
