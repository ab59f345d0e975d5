"""Addresses of the settings."""

from django.urls import path

from laoke.web.pages.settings import audit, connection, consent, gateways, shop, staff, tokens, upkeep

urlpatterns = [
    path("settings/", shop.shop_page, name="settings"),
    path("settings/staff/", staff.staff_page, name="settings_staff"),
    path("settings/staff/<int:pk>/role/", staff.role, name="settings_staff_role"),
    path("settings/staff/<int:pk>/password/", staff.password, name="settings_staff_password"),
    path("settings/staff/<int:pk>/dismiss/", staff.dismiss_page, name="settings_staff_dismiss"),
    path("settings/groups/", shop.cuts_page, name="settings_cuts"),
    path("settings/reach/", shop.reach_page, name="settings_reach"),
    path("settings/consent/", consent.consent_page, name="settings_consent"),
    path("settings/consent/<int:pk>/withdraw/", consent.withdraw, name="settings_consent_withdraw"),
    path("settings/gateways/", gateways.gateways_page, name="settings_gateways"),
    path("settings/gateways/loopback/", gateways.loopback, name="settings_gateway_loopback"),
    path("settings/gateways/<int:pk>/", gateways.gateway_page, name="settings_gateway"),
    path("settings/gateways/<int:pk>/release/", gateways.release, name="settings_gateway_release"),
    path("settings/platform/", connection.connection_page, name="settings_connection"),
    path("settings/platform/session/", connection.sign_in, name="settings_connection_sign_in"),
    path("settings/platform/pause/", connection.turn, {"act": "pause"}, name="settings_connection_pause"),
    path("settings/platform/resume/", connection.turn, {"act": "resume"}, name="settings_connection_resume"),
    path("settings/platform/forget/", connection.turn, {"act": "forget"}, name="settings_connection_forget"),
    path("settings/tokens/", tokens.tokens_page, name="settings_tokens"),
    path("settings/tokens/<int:pk>/revoke/", tokens.revoke_page, name="settings_token_revoke"),
    path("settings/upkeep/", upkeep.upkeep_page, name="settings_upkeep"),
    path("settings/upkeep/begin/", upkeep.begin, name="settings_upkeep_begin"),
    path("settings/audit/", audit.audit_page, name="settings_audit"),
    path("settings/audit/check/", audit.check, name="settings_audit_check"),
    path("settings/audit/anchor/", audit.anchor, name="settings_audit_anchor"),
    path("settings/audit/export.xlsx", audit.export, name="settings_audit_export"),
]
