"""Staff sign in with a password."""

from flask import Blueprint

from web.access import public

blueprint = Blueprint("signing_in", __name__)


@blueprint.get("/signin")
@public("whoever signs in has not signed in yet")
def page() -> str:
    return "sign in"
