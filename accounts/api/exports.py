"""`users/me/export/`: everything that is kept about the caller, as a file."""

from __future__ import annotations

from uuid import UUID

from django.core.files.storage import storages
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.models import DataExport
from accounts.services import exports
from marketflow.core.api.files import FilesOrErrors
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.inputs import require_nothing
from marketflow.core.api.permissions import IsAuthenticated


class ExportSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    state = serializers.ChoiceField(DataExport.State.choices)
    file = serializers.SerializerMethodField(help_text="Where the file is, once it is ready.")

    class Meta:
        model = DataExport
        fields = ["id", "state", "requested_at", "ready_at", "file"]
        read_only_fields = fields

    def get_file(self, export: DataExport) -> str | None:
        if export.ready_at is None:
            return None
        return reverse("v1:export-file", args=[export.uuid], request=self.context["request"])


class ExportsView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(responses=ExportSerializer)
    def get(self, request: Request) -> Response:
        """The last export of the caller's data."""
        export = DataExport.objects.visible_to(request.user).first()
        if export is None:
            raise NotFound
        return Response(ExportSerializer(export, context={"request": request}).data)

    @extend_schema(request=None, responses={202: ExportSerializer})
    @idempotent()
    def post(self, request: Request) -> Response:
        """Have all that is kept about the caller written into a zip of JSON files.

        Once in 24 hours: asked again, the answer is the last one.
        """
        require_nothing(request)
        export = exports.request_export(user=request.user)
        return Response(ExportSerializer(export, context={"request": request}).data, status=202)


class ExportFileView(APIView):
    permission_classes = [IsAuthenticated]
    content_negotiation_class = FilesOrErrors

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, id: UUID) -> FileResponse:
        """The file. It is kept for a week."""
        ready = DataExport.objects.visible_to(request.user).exclude(ready_at=None)
        return as_zip(get_object_or_404(ready, uuid=id))


def as_zip(export: DataExport) -> FileResponse:
    file = storages["private"].open(export.stored_as)
    answer = FileResponse(
        file, as_attachment=True, filename="my-data.zip", content_type="application/zip"
    )
    answer["Cache-Control"] = "private, no-store"
    return answer
