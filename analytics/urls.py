from django.urls import path

from analytics import views

urlpatterns = [
    path("rum/", views.rum, name="rum"),
]
