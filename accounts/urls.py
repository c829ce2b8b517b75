"""Three doors: the entrance under allauth's names, somebody's own pages, and selling."""

from __future__ import annotations

from django.urls import include, path, re_path

from accounts.views import (
    account,
    addresses,
    entrance,
    following,
    privacy,
    second_factor,
    selling,
)

entrance_urls = [
    path("signup/", entrance.SignUp.as_view(), name="account_signup"),
    path("login/", entrance.SignIn.as_view(), name="account_login"),
    path("logout/", entrance.SignOut.as_view(), name="account_logout"),
    path("inactive/", entrance.Closed.as_view(), name="account_inactive"),
    path("confirm-email/", entrance.MailSent.as_view(), name="account_email_verification_sent"),
    re_path(
        r"^confirm-email/(?P<key>[-:\w]+)/$",
        entrance.ConfirmEmail.as_view(),
        name="account_confirm_email",
    ),
    path("password/reset/", entrance.AskReset.as_view(), name="account_reset_password"),
    path("password/reset/done/", entrance.ResetSent.as_view(), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        entrance.ChooseNewPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        entrance.NewPasswordChosen.as_view(),
        name="account_reset_password_from_key_done",
    ),
    path("password/change/", entrance.ChangePassword.as_view(), name="account_change_password"),
    path("email/", entrance.ChangeEmail.as_view(), name="account_email"),
    path("reauthenticate/", entrance.ProvePassword.as_view(), name="account_reauthenticate"),
]

second_factor_urls = [
    path("", second_factor.overview, name="mfa_index"),
    path("", second_factor.overview, name="mfa_list_webauthn"),
    path("code/", second_factor.SignInCode.as_view(), name="mfa_authenticate"),
    path("prove/", second_factor.ProveCode.as_view(), name="mfa_reauthenticate"),
    path(
        "prove/passkey/",
        second_factor.ProvePasskey.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path("app/add/", second_factor.AddApp.as_view(), name="mfa_activate_totp"),
    path("app/remove/", second_factor.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path("codes/", second_factor.ShowCodes.as_view(), name="mfa_view_recovery_codes"),
    path("codes/new/", second_factor.NewCodes.as_view(), name="mfa_generate_recovery_codes"),
    path("codes/download/", second_factor.download_codes, name="mfa_download_recovery_codes"),
    path("passkeys/add/", second_factor.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/", second_factor.RenamePasskey.as_view(), name="mfa_edit_webauthn"),
    path(
        "passkeys/<int:pk>/remove/",
        second_factor.RemovePasskey.as_view(),
        name="mfa_remove_webauthn",
    ),
]

account_urls = [
    path("", account.overview, name="overview"),
    path("profile/", account.profile, name="profile"),
    path("preferences/", account.preferences, name="preferences"),
    path("theme/", account.theme, name="theme"),
    path("security/", account.security, name="security"),
    path("security/sign-out-others/", account.sign_out_others, name="sign_out_others"),
    path("security/devices/<uuid:uuid>/end/", account.end_device, name="end_device"),
    path("security/keys/<uuid:uuid>/revoke/", account.revoke_key, name="revoke_key"),
    path("privacy/", privacy.overview, name="privacy"),
    path("privacy/export/", privacy.ask_for_export, name="ask_for_export"),
    path("privacy/export/<uuid:uuid>/", privacy.export_file, name="export_file"),
    path("privacy/deletion/", privacy.delete, name="delete_account"),
    path("shops/", account.shops, name="shops"),
    path("shops/invitations/<uuid:uuid>/", account.answer_invitation, name="invitation"),
    path("following/", following.page, name="following"),
    path("following/<slug:slug>/follow/", following.follow, name="follow"),
    path("following/<slug:slug>/unfollow/", following.unfollow, name="unfollow"),
    path("following/<slug:slug>/mute/", following.mute, name="mute"),
    path("addresses/", addresses.book, name="addresses"),
    path("addresses/add/", addresses.add, name="add_address"),
    path("addresses/<uuid:uuid>/", addresses.edit, name="edit_address"),
    path("addresses/<uuid:uuid>/delete/", addresses.delete, name="delete_address"),
    path("addresses/<uuid:uuid>/default/", addresses.make_default, name="default_address"),
]

selling_urls = [
    path("", selling.landing, name="sell"),
    path("start/", selling.start, name="sell_start"),
    path("start/draft/", selling.save_draft, name="sell_draft"),
    path("start/address/", selling.slug_state, name="sell_slug_state"),
    path("status/", selling.status, name="sell_status"),
]

urlpatterns = [
    path("account/", include(entrance_urls)),
    path("account/second-factor/", include(second_factor_urls)),
    path("account/", include((account_urls, "accounts"))),
    path("sell/", include(selling_urls)),
]
