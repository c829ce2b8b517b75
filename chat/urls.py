"""Conversations and the files in them."""

from django.urls import path

from chat.views import attachments

app_name = "chat"

urlpatterns = [
    path("messages/files/<uuid:uuid>/", attachments.attachment, name="attachment"),
]
