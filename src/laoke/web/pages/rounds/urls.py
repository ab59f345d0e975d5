"""Addresses of rounds, message templates, the inbox and one person's messages."""

from django.urls import path

from laoke.web.pages.rounds import acts, inbox, lists, people, progress, templates, views

urlpatterns = [
    path("rounds/", views.round_list, name="rounds"),
    path("rounds/<int:pk>/", views.round_home, name="round"),
    path("rounds/<int:pk>/checks/", views.round_checks, name="round_checks"),
    path("rounds/<int:pk>/why/", views.round_why, name="round_why"),
    path("rounds/<int:pk>/progress/", progress.round_progress, name="round_progress"),
    path("rounds/<int:pk>/people/", people.round_people, name="round_people"),
    path("rounds/<int:pk>/edit/", acts.round_edit, name="round_edit"),
    path("rounds/<int:pk>/preview/", acts.round_preview, name="round_preview"),
    path("rounds/<int:pk>/test/", acts.round_test, name="round_test"),
    path("rounds/<int:pk>/test/state/", acts.round_test_state, name="round_test_state"),
    path("rounds/<int:pk>/launch/", acts.round_launch, name="round_launch"),
    path("rounds/<int:pk>/pause/", acts.round_pause, name="round_pause"),
    path("rounds/<int:pk>/resume/", acts.round_resume, name="round_resume"),
    path("rounds/<int:pk>/cancel/", acts.round_cancel, name="round_cancel"),
    path("rounds/<int:pk>/unprepare/", acts.round_unprepare, name="round_unprepare"),
    path("rounds/<int:pk>/lists/", lists.round_lists, name="round_lists"),
    path("rounds/<int:pk>/lists/<int:file_pk>/", lists.round_list_file, name="round_list_file"),
    path("rounds/<int:pk>/results/", lists.round_results, name="round_results"),
    path("people/<int:person_id>/messages/", people.person_messages, name="person_messages"),
    path("templates/", templates.template_list, name="templates"),
    path("templates/new/", templates.template_new, name="template_new"),
    path("templates/preview/", templates.template_preview, name="template_preview"),
    path("templates/<int:pk>/", templates.template_edit, name="template"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/unknown/", inbox.inbox_unknown, name="inbox_unknown"),
    path("inbox/unknown/<int:pk>/", inbox.unknown_decide, name="inbox_unknown_decide"),
    path("inbox/<int:pk>/show/", inbox.reply_show, name="inbox_reply_show"),
    path("inbox/<int:pk>/handled/", inbox.reply_handled, name="inbox_reply_handled"),
]
