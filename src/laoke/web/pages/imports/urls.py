"""Addresses of imports and of running jobs."""

from django.urls import path

from laoke.web.pages.imports import layouts, results, running, undoing, views

urlpatterns = [
    path("imports/", views.imports, name="imports"),
    path("imports/new/", views.new, name="import_new"),
    path("imports/files/<str:ids>/", views.files, name="import_files"),
    path("imports/files/<str:ids>/start/", views.start, name="import_start"),
    path("imports/file/<int:pk>/columns/", views.columns, name="import_columns"),
    path("imports/file/<int:pk>/drop/", views.drop, name="import_drop"),
    path("imports/running/<str:ids>/", running.imports_running, name="import_running"),
    path("imports/layouts/", layouts.layouts, name="import_layouts"),
    path("imports/layouts/<int:pk>/file/", layouts.download, name="import_layout_file"),
    path("imports/layouts/<int:pk>/rename/", layouts.rename, name="import_layout_rename"),
    path("imports/layouts/<int:pk>/delete/", layouts.delete, name="import_layout_delete"),
    path("imports/<int:pk>/", results.result, name="import_result"),
    path("imports/<int:pk>/rows/", results.rows, name="import_rows"),
    path("imports/<int:pk>/undo/", undoing.undo, name="import_undo"),
    path("imports/<int:pk>/quarantine.csv", results.download, name="import_quarantine"),
    path("jobs/<int:pk>/", running.job, name="job_progress"),
    path("jobs/<int:pk>/cancel/", running.cancel, name="job_cancel"),
]
