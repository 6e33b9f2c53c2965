"""Addresses of the assistant."""

from django.urls import path

from assistant.views import panel as views
from assistant.views import steps

app_name = "assistant"
urlpatterns = [
    path("", views.home, name="home"),
    path("ask/", views.ask, name="ask"),
    path("find-out-why/", views.find_out_why, name="find_out_why"),
    path("cancellation-help/", steps.cancellation_help, name="cancellation_help"),
    path("panel/", views.panel, name="panel"),
    path("new/", views.new, name="new"),
    path("look-away/", views.look_away, name="look_away"),
    path("earlier/", views.earlier, name="earlier"),
    path("<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("<uuid:conversation_id>/<int:number>/check/", steps.check, name="check"),
    path("<uuid:conversation_id>/<uuid:proposal_id>/approve/", steps.approve, name="approve"),
    path("<uuid:conversation_id>/<uuid:proposal_id>/contact/", steps.contact, name="contact"),
    path("<uuid:conversation_id>/<uuid:proposal_id>/again/", steps.again, name="again"),
    path("<uuid:conversation_id>/<uuid:proposal_id>/instead/", steps.instead, name="instead"),
    path("<uuid:conversation_id>/<int:number>/change/", views.change, name="change"),
    path("<uuid:conversation_id>/<int:number>/report/", views.report, name="report"),
    path("<uuid:conversation_id>/<int:number>/feedback/", views.feedback, name="feedback"),
]
