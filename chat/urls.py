"""Conversations, what is done in them, and their files."""

from django.urls import include, path

from chat.views import attachments, conversation, inbox, sorting, steps

app_name = "chat"

of_a_part = [
    path("offer/", steps.offer, name="offer"),
    path("parcel/", steps.parcel, name="parcel"),
    path("cancellation/", steps.cancellation, name="cancellation"),
    path("return/", steps.send_back, name="send_back"),
    path("received/", steps.received, name="received"),
]
of_a_conversation = [
    path("", conversation.conversation, name="conversation"),
    path("news/", conversation.news, name="news"),
    path("block/", steps.block, name="block"),
    path("unblock/", steps.unblock, name="unblock"),
    path("archive/", sorting.archive, name="archive"),
    path("unarchive/", sorting.unarchive, name="unarchive"),
    path("mute/", sorting.mute, name="mute"),
    path("unmute/", sorting.unmute, name="unmute"),
    path("assign/", sorting.assign, name="assign"),
    path("report/", steps.report, name="report"),
    path("<int:seq>/edit/", steps.edit, name="edit"),
    path("<int:seq>/delete/", steps.delete, name="delete"),
    path("<int:seq>/report/", steps.report, name="report_message"),
    path("<int:seq>/answer/", steps.decide, name="decide"),
    path("orders/<str:part>/", include(of_a_part)),
]
urlpatterns = [
    path("messages/", inbox.inbox, name="inbox"),
    path("messages/new/", conversation.new, name="new"),
    path("messages/leave/", conversation.leave, name="leave"),
    path("messages/files/<uuid:uuid>/", attachments.attachment, name="attachment"),
    path("messages/<uuid:uuid>/", include(of_a_conversation)),
]
