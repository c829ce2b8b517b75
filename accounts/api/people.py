"""The caller's own account: `users/me/…`."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.serializers import (
    AddressInput,
    AddressSerializer,
    PasswordInput,
    ProfileInput,
    ProfileSerializer,
)
from accounts.models import Address
from accounts.services import addresses, privacy
from marketflow.core import rate_limits
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.inputs import require_nothing
from marketflow.core.api.permissions import IsAuthenticated


class MeView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(responses=ProfileSerializer)
    def get(self, request: Request) -> Response:
        """Who the caller is, and the shops they work for."""
        return Response(ProfileSerializer(request.user).data)

    @extend_schema(request=ProfileInput, responses=ProfileSerializer)
    def patch(self, request: Request) -> Response:
        """Change the profile."""
        serializer = ProfileInput(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        for field, value in serializer.validated_data.items():
            setattr(request.user, field, value)
        request.user.save(update_fields=list(serializer.validated_data))
        return Response(ProfileSerializer(request.user).data)

    @extend_schema(request=PasswordInput, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Delete the account, by password. Orders stay, without the person."""
        serializer = PasswordInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        rate_limits.count("sign_in_account", rate_limits.account_of(request.user.email))
        if not request.user.check_password(serializer.validated_data["password"]):
            raise ValidationError({"password": ["This is not your password."]})
        privacy.delete_account(user=request.user)
        return Response(status=204)


class AddressViewSet(viewsets.ModelViewSet):
    """The caller's address book."""

    permission_classes = [IsAuthenticated]
    serializer_class = AddressSerializer
    queryset = Address.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self):
        return Address.objects.visible_to(self.request.user)

    @extend_schema(request=AddressInput, responses={201: AddressSerializer})
    @idempotent()
    def create(self, request: Request) -> Response:
        serializer = AddressInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        is_default = values.pop("is_default")
        address = Address(user=request.user, **values)
        addresses.save(address=address, is_default=is_default)
        return Response(AddressSerializer(address).data, status=201)

    @extend_schema(request=AddressInput, responses=AddressSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        address = self.get_object()
        serializer = AddressInput(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        is_default = values.pop("is_default", address.is_default)
        for field, value in values.items():
            setattr(address, field, value)
        addresses.save(address=address, is_default=is_default)
        return Response(AddressSerializer(address).data)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Forget an address. The oldest that is left takes its place as the default."""
        address = self.get_object()
        require_nothing(request)
        addresses.remove(address=address)
        return Response(status=204)
