"""Synonyms: the words that mean the same in this house, so that readers may use either."""

from typing import Any

from flask import Blueprint, flash, url_for
from flask_babel import gettext as _
from wtforms import HiddenField, TextAreaField

from kernel.i18n import lazy_text as _l
from knowledge_base.search import usual_words, wording
from tenants.modules import Module
from tenants.permissions import Permission
from web import access, forms, htmx, modules
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("synonyms", __name__), Module.KNOWLEDGE_BASE)
_TEMPLATE = "backoffice/knowledge_base/synonyms.html"


class SynonymsForm(Form):
    synonyms = TextAreaField(
        _l("Words that mean the same"),
        description=_l("One group a line, with commas between its words or phrases. Either Chinese script will do."),
    )
    version = HiddenField()


@blueprint.get("/synonyms")
@requires(Permission.ARTICLE_READ)
def page() -> Any:
    known = wording.wording(session)
    form = SynonymsForm(data={"synonyms": "\n".join(known.synonyms), "version": known.version})
    return forms.show(_TEMPLATE, form, usual=usual_words.groups())


@blueprint.post("/synonyms")
@requires(Permission.ARTICLE_PUBLISH)
def save() -> Any:
    form = SynonymsForm()
    if form.validate():
        with form.refusals():
            version = form.version.data or ""
            wording.agree(
                session,
                lines=form.synonyms.data or "",
                version=int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else None,
                actor=access.actor(),
            )
            flash(_("The synonyms were saved. They count from the next search on."), "success")
            return htmx.redirect_to(url_for(".page"))
    return forms.show(_TEMPLATE, form, usual=usual_words.groups())
