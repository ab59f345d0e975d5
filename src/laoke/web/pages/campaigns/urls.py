"""Addresses of campaigns, the calendar and tasks."""

from django.urls import path

from laoke.web.pages.campaigns import calendar, edit, home, launch, tasks, views

urlpatterns = [
    path("campaigns/", views.campaign_list, name="campaigns"),
    path("campaigns/new/", views.campaign_new, name="campaign_new"),
    path("campaigns/<int:pk>/", home.campaign_home, name="campaign"),
    path("campaigns/<int:pk>/edit/", edit.campaign_edit, name="campaign_edit"),
    path("campaigns/<int:pk>/offers/", edit.campaign_offers, name="campaign_offers"),
    path("campaigns/<int:pk>/calendar/", calendar.campaign_calendar, name="campaign_calendar"),
    path("campaigns/<int:pk>/tasks/", calendar.campaign_tasks_page, name="campaign_tasks"),
    path("campaigns/<int:pk>/checks/", launch.campaign_checks, name="campaign_checks"),
    path("campaigns/<int:pk>/checks/short/", launch.campaign_checks_short, name="campaign_checks_short"),
    path("campaigns/<int:pk>/checks/sign/", launch.campaign_check_sign, name="campaign_check_sign"),
    path(
        "campaigns/<int:pk>/checks/withdraw/", launch.campaign_check_withdraw, name="campaign_check_withdraw"
    ),
    path("campaigns/<int:pk>/checks/words/", launch.campaign_page_words, name="campaign_page_words"),
    path("campaigns/<int:pk>/phases/<int:phase_pk>/", edit.campaign_phase, name="campaign_phase"),
    path("campaigns/<int:pk>/rounds/new/", edit.campaign_round_new, name="campaign_round_new"),
    path("campaigns/rounds/<int:pk>/missing/", home.round_missing, name="campaign_round_missing"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("tasks/", tasks.task_list, name="tasks"),
    path("tasks/<int:pk>/", tasks.task_page, name="task"),
    path("tasks/<int:pk>/state/", tasks.task_state, name="task_state"),
]
