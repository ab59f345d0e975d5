"""Addresses of customers."""

from django.urls import path

from laoke.web.pages.customers import acts, level_pages, lookup, person_acts, suppressing, tag_pages, views

urlpatterns = [
    path("customers/", views.customers, name="customers"),
    path("customers/export/", views.customers_export, name="customers_export"),
    path("customers/columns/", acts.columns, name="customers_columns"),
    path("customers/tag/", acts.tag_many, name="customers_tag"),
    path("customers/assign/", acts.assign_many, name="customers_assign"),
    path("customers/links/", views.proposals, name="customers_links"),
    path("customers/tags/", tag_pages.tags_page, name="tags"),
    path("customers/tags/file/", tag_pages.by_file, name="tags_file"),
    path("customers/tags/rule/", tag_pages.by_rule, name="tags_rule"),
    path("customers/tags/ready/", tag_pages.make_ready, name="tags_ready"),
    path("customers/tags/<int:tag_id>/", tag_pages.tag_page, name="tag"),
    path("customers/tags/<int:tag_id>/drop-rule/", tag_pages.drop_rule, name="tag_drop_rule"),
    path("customers/levels/", level_pages.levels_page, name="levels"),
    path("customers/levels/save/", level_pages.save, name="level_save"),
    path("customers/levels/<int:level_id>/remove/", level_pages.remove, name="level_remove"),
    path("customers/suppressed/", suppressing.suppressed, name="suppressed"),
    path("customers/suppressed/add/", suppressing.add, name="suppressed_add"),
    path("customers/suppressed/file/", suppressing.by_file, name="suppressed_file"),
    path("customers/suppressed/<int:row_id>/lift/", suppressing.lift, name="suppressed_lift"),
    path("customers/lookup/", lookup.lookup, name="lookup"),
    path("customers/lookup/<int:person_id>/", lookup.attach, name="lookup_attach"),
    path("customers/<int:person_id>/", views.customer, name="customer"),
    path("customers/<int:person_id>/contact/", acts.show_contact, name="customer_contact"),
    path("customers/<int:person_id>/tag/", acts.tag_one, name="customer_tag"),
    path("customers/<int:person_id>/untag/", acts.untag_one, name="customer_untag"),
    path("customers/<int:person_id>/card/", acts.card, name="customer_card"),
    path("customers/<int:person_id>/refuse/", acts.refuse, name="customer_refuse"),
    path("customers/<int:person_id>/erase/", acts.erase, name="customer_erase"),
    path("customers/<int:person_id>/join/", person_acts.join, name="customer_join"),
    path("customers/<int:person_id>/give/", person_acts.give, name="customer_give"),
    path("customers/<int:person_id>/take/", person_acts.take, name="customer_take"),
    path("customers/<int:person_id>/hand-out/", person_acts.hand_out, name="customer_hand_out"),
    path("customers/<int:person_id>/note/", person_acts.note, name="customer_note"),
    path("customers/notes/<int:note_id>/remove/", person_acts.remove_note, name="customer_note_remove"),
    path("links/<int:link_id>/<str:decision>/", acts.decide_link, name="customer_link"),
]
