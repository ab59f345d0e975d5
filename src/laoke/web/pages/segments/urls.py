"""Addresses of segments."""

from django.urls import path

from laoke.web.pages.segments import over_time, overlaps, ready, suggesting, views

urlpatterns = [
    path("segments/", views.segments, name="segments"),
    path("segments/new/", views.new, name="segment_new"),
    path("segments/preview/", views.preview, name="segment_preview"),
    path("segments/suggest/", suggesting.suggest, name="segment_suggest"),
    path("segments/more/", views.more, name="segment_more"),
    path("segments/why/", views.why, name="segment_why"),
    path("segments/trend/", over_time.over_time, name="segment_trend"),
    path("segments/export/", over_time.people_as_sheet, name="segment_export"),
    path("segments/ready/", ready.ready, name="segments_ready"),
    path("segments/ready/count/", ready.ready_count, name="segments_ready_count"),
    path("segments/ready/take/", ready.ready_take, name="segments_ready_take"),
    path("segments/overlap/", overlaps.overlaps, name="segments_overlap"),
    path("segments/save/", views.save, name="segment_save"),
    path("segments/<int:segment_id>/", views.segment, name="segment"),
    path("segments/<int:segment_id>/freeze/", views.freeze_now, name="segment_freeze"),
    path("segments/<int:segment_id>/archive/", views.archive, name="segment_archive"),
]
