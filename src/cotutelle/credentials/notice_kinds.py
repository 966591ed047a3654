"""What people are told about signatures and certificates."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.notices.kinds import register

register(
    "credentials.sign_asked",
    title=_("Your signature is asked: “%(achievement)s” for %(student)s"),
    body=_("Read what is stated and sign that the criteria are met, or say why they are not."),
)
register(
    "credentials.award_refused",
    title=_("“%(achievement)s” for %(student)s does not go on"),
    body=_("Reason: %(reason)s"),
)
register(
    "credentials.issued",
    title=_("%(issuer)s has issued your certificate “%(name)s”"),
    body=_(
        "You can download it, print it and share it; anybody can check it, also without this site."
    ),
)
register(
    "credentials.issued_again",
    title=_("%(issuer)s has issued your certificate “%(name)s” anew"),
    body=_(
        "The key that had signed the earlier one is no longer trusted. Pass on the new one instead."
    ),
)
register(
    "credentials.suspended",
    title=_("Your certificate “%(name)s” is suspended"),
    body=_("Reason: %(reason)s. Ask %(issuer)s if this is not right."),
    urgent=True,
)
register(
    "credentials.reinstated",
    title=_("Your certificate “%(name)s” is valid again"),
    body=_("Reason: %(reason)s"),
)
register(
    "credentials.revoked",
    title=_("Your certificate “%(name)s” was revoked"),
    body=_("Reason: %(reason)s. Ask %(issuer)s if this is not right."),
    urgent=True,
)
register(
    "credentials.log_digest",
    title=_("%(count)s entries in the name of %(institution)s in %(month)s"),
    body=_(
        "Compare them with what your institution decided; your own witness lists the same entries."
    ),
)
