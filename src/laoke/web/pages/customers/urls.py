"""Addresses of customers."""

from django.urls import path

from laoke.web.pages.customers import acts, views

urlpatterns = [
    path("customers/", views.customers, name="customers"),
    path("customers/export/", views.customers_export, name="customers_export"),
    path("customers/columns/", acts.columns, name="customers_columns"),
    path("customers/tag/", acts.tag_many, name="customers_tag"),
    path("customers/assign/", acts.assign_many, name="customers_assign"),
    path("customers/links/", views.proposals, name="customers_links"),
    path("customers/<int:person_id>/", views.customer, name="customer"),
    path("customers/<int:person_id>/contact/", acts.show_contact, name="customer_contact"),
    path("customers/<int:person_id>/tag/", acts.tag_one, name="customer_tag"),
    path("customers/<int:person_id>/untag/", acts.untag_one, name="customer_untag"),
    path("customers/<int:person_id>/card/", acts.card, name="customer_card"),
    path("customers/<int:person_id>/refuse/", acts.refuse, name="customer_refuse"),
    path("customers/<int:person_id>/erase/", acts.erase, name="customer_erase"),
    path("links/<int:link_id>/<str:decision>/", acts.decide_link, name="customer_link"),
]
