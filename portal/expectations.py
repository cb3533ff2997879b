"""What a customer may expect: how soon we usually answer."""

import math

from flask_babel import gettext as _
from flask_babel import ngettext

from service_desk.tickets import queries
from web.lifecycle import session


def first_reply() -> str:
    """Return the sentence that tells when a first reply usually comes, rounded up, or one without a promise."""
    usual = queries.usual_first_reply(session)
    if usual is None:
        return str(_("We answer as soon as we can."))
    hours = max(1, math.ceil(usual.total_seconds() / 3600))
    if hours <= 24:
        return str(ngettext("We usually answer within %(num)s hour.", "We usually answer within %(num)s hours.", hours))
    days = math.ceil(hours / 24)
    return str(ngettext("We usually answer within %(num)s day.", "We usually answer within %(num)s days.", days))
