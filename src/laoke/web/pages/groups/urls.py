"""Addresses of chat groups."""

from django.urls import path

from laoke.web.pages.groups import acts, views

urlpatterns = [
    path("groups/", views.groups, name="groups"),
    path("groups/<int:group_id>/", views.group, name="group"),
    path("groups/<int:group_id>/change/", acts.change, name="group_change"),
    path("groups/<int:group_id>/file/", acts.look_at_file, name="group_file"),
    path("groups/<int:group_id>/file/<int:upload_id>/", acts.use_file, name="group_file_use"),
    path("groups/<int:group_id>/file/<int:upload_id>/drop/", acts.drop_file, name="group_file_drop"),
    path("groups/person/<int:person_id>/join/", acts.join, name="customer_group_join"),
    path("groups/<int:group_id>/person/<int:person_id>/leave/", acts.leave, name="group_leave"),
]
