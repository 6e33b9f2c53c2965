"""Addresses of the Downloads page."""

from django.urls import path

from downloads import views

app_name = "downloads"
urlpatterns = [
    path("", views.downloads, name="list"),
    path("request/<slug:report>/", views.request_report, name="request"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<int:pk>/file/", views.file, name="file"),
    path("schedule/<slug:report>/", views.schedule, name="schedule"),
    path("news/", views.news, name="news"),
]
