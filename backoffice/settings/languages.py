"""Languages: those that the help centre offers, the first of them, and the time zone."""

from typing import Any

from flask import Blueprint, flash, url_for
from flask_babel import gettext as _
from wtforms import HiddenField, SelectField, SelectMultipleField

from kernel.errors import StaleEdit
from kernel.i18n import lazy_text as _l
from tenants import languages, own_row
from tenants.permissions import Permission
from web import access, forms, htmx
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = Blueprint("settings_languages", __name__)


class LanguagesForm(Form):
    version = HiddenField()
    languages = SelectMultipleField(_l("Your help centre speaks"), choices=forms.LANGUAGE_CHOICES)
    first = SelectField(
        _l("First language"),
        choices=forms.LANGUAGE_CHOICES,
        description=_l("For visitors whose browser asks for none of the languages offered."),
    )
    time_zone = SelectField(
        _l("Time zone"), description=_l("Hours and days are written in it, at the desk and in the help centre.")
    )


@blueprint.get("/settings/languages")
@requires(Permission.SETTINGS_MANAGE)
def page() -> Any:
    present = own_row.read(session, languages.COLUMNS)
    return _show(LanguagesForm(formdata=None, first=present["locale"], **present))


def _show(form: LanguagesForm) -> Any:
    form.time_zone.choices = forms.choices((name, name.replace("_", " ")) for name in languages.time_zones())
    if isinstance(form.refusal, StaleEdit) or not form.is_submitted():
        form.version.data = languages.version(session)
    return forms.show("backoffice/settings/languages.html", form)


@blueprint.post("/settings/languages")
@requires(Permission.SETTINGS_MANAGE)
def save() -> Any:
    form = LanguagesForm()
    form.time_zone.choices = forms.choices((name, name) for name in languages.time_zones())
    if form.validate_on_submit():
        with form.refusals():
            given = {"first": form.first.data, "time_zone": form.time_zone.data, "seen": form.version.data or ""}
            languages.change(session, languages=form.languages.data, **given, actor=access.actor())
            flash(_("Saved. The help centre speaks these languages from now on."), "success")
            return htmx.redirect_to(url_for(".page"))
    return _show(form)
