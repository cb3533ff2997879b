"""What search engines are told of the help centre's categories."""

from typing import Any

from flask import Blueprint, flash, request, url_for
from flask_babel import gettext as _

from knowledge_base.articles import arranging, queries
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, htmx, modules
from web.access import requires
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("findability", __name__), Module.KNOWLEDGE_BASE)


@blueprint.post("/categories/<int:category_id>/faq")
@requires(Permission.ARTICLE_PUBLISH)
def mark(category_id: int) -> Any:
    category = queries.category(session, category_id)
    arranging.mark_as_faq(session, category, is_faq=request.form.get("is_faq") == "yes", actor=access.actor())
    flash(_("What search engines are told was saved."), "success")
    return htmx.redirect_to(url_for("categories.page"))
