"""Addresses of the assistant."""

from django.urls import path

from assistant.views import panel as views

app_name = "assistant"
urlpatterns = [
    path("", views.home, name="home"),
    path("ask/", views.ask, name="ask"),
    path("find-out-why/", views.find_out_why, name="find_out_why"),
    path("panel/", views.panel, name="panel"),
    path("new/", views.new, name="new"),
    path("look-away/", views.look_away, name="look_away"),
    path("earlier/", views.earlier, name="earlier"),
    path("<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("<uuid:conversation_id>/<int:number>/change/", views.change, name="change"),
    path("<uuid:conversation_id>/<int:number>/report/", views.report, name="report"),
    path("<uuid:conversation_id>/<int:number>/feedback/", views.feedback, name="feedback"),
]
