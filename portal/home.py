"""The front page of the help centre, and the door that leads to it."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from knowledge_base.articles import queries as articles
from portal import expectations, navigation, shelf, structured_data
from tenants.modules import Module
from web import access, htmx, modules
from web.access import public
from web.lifecycle import session
from web.returning import local_path

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@public("everybody comes in here")
def door() -> Response:
    return redirect(url_for("home.page"))


@blueprint.get("/language/<language:language>")
@public("a visitor may be spoken to in any of our languages")
def choose_language() -> Response:
    """Go on in another language, for pages whose address names none; that it is remembered is the portal's custom."""
    return htmx.redirect_to(local_path(request.args.get("next"), url_for("home.page")))


@blueprint.get("/<language:language>/")
@public("the help centre is open to everybody")
def page() -> str:
    return render()


def render(**instead: Any) -> str:
    """Return the home page; what is named in `instead` replaces what its frame would say by itself."""
    stock = shelf.stocked() if modules.is_on(Module.KNOWLEDGE_BASE) else shelf.bare()
    actor = access.actor()
    return render_template(
        "portal/home.html",
        shelf=stock,
        categories=[root for root in stock.roots if root.article_count],
        popular=articles.popular(session, stock.language, actor=actor) if stock.roots else [],
        first_reply=expectations.first_reply(),
        structured=structured_data.of_home(),
        canonical=navigation.absolute(url_for("home.page")),
        alternates=navigation.alternates(navigation.in_every_language("home.page")),
        **instead,
    )
