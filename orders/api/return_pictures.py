"""`returns/<id>/pictures/`: what the buyer shows of it; guests by the token of their order."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.services.pictures.refusals import BadPicture, TooLarge
from marketflow.core import private_files, rate_limits
from marketflow.core.api import parsers
from marketflow.core.api.files import FilesOrErrors
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.inputs import validated
from marketflow.core.api.permissions import AllowAny
from orders.api.aftercare import ReturnPictureInput, ReturnPictureSerializer
from orders.api.guests import OpenedByToken
from orders.api.inputs import person
from orders.models import Return, ReturnPicture
from orders.services import return_pictures


class ReturnPicturesView(OpenedByToken, APIView):
    permission_classes = [AllowAny]
    # To show what is wrong is the buyer's: no key gets in.
    scopes = {"write": ""}
    parser_classes = [parsers.PictureBody]

    def get_object(self) -> Return:
        parcels = Return.objects.select_related("seller_order__order")
        parcel = get_object_or_404(parcels, uuid=self.kwargs["id"])
        if not self.may_see(parcel.seller_order.order):
            raise Http404
        return parcel

    @extend_schema(
        request={"multipart/form-data": ReturnPictureInput},
        responses={201: ReturnPictureSerializer},
    )
    @idempotent(calls_out=True)
    def post(self, request: Request, id: UUID) -> Response:
        """Show what is wrong. At most five pictures, until the shop has answered.

        The shop and the marketplace see them, nobody else.
        """
        parcel, who = self.get_object(), person(request)
        rate_limits.count("upload", f"user:{who.pk}" if who else rate_limits.address_of(request))
        file = validated(ReturnPictureInput, request)["file"]
        try:
            picture = return_pictures.add(parcel=parcel, file=file)
        except TooLarge as problem:
            raise parsers.TooLarge(problem.message) from problem
        except BadPicture as problem:
            raise ValidationError({"file": [problem.message]}, problem.code) from problem
        return Response(ReturnPictureSerializer(picture).data, status=201)


class ReturnPictureView(OpenedByToken, APIView):
    permission_classes = [AllowAny]
    scopes = {"read": "returns:read"}
    content_negotiation_class = FilesOrErrors

    def get_object(self) -> ReturnPicture:
        pictures = ReturnPicture.objects.select_related("parcel__seller_order__order")
        named = {"uuid": self.kwargs["picture"], "parcel__uuid": self.kwargs["id"]}
        picture = get_object_or_404(pictures, **named)
        user = self.request.user
        if self.may_see(picture.parcel.seller_order.order):
            return picture
        return get_object_or_404(pictures.visible_to(user), pk=picture.pk)

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: UUID, picture: UUID) -> HttpResponse:
        """The picture itself, for those who see the return."""
        found = self.get_object()
        return private_files.as_response(
            found.file, content_type="image/jpeg", name=f"{found.uuid}.jpg", is_download=False
        )
