"""Branding: how the help centre looks, with the page itself as a preview, on a phone and on a desk, by day and by night."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from wtforms import BooleanField, FileField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired

from kernel.errors import DomainError, StaleEdit
from kernel.files import FileRefused, Upload
from kernel.i18n import LANGUAGES, spoken
from kernel.i18n import lazy_text as _l
from tenants import branding, own_row
from tenants.branding import Wish
from tenants.permissions import Permission
from tenants.registry import TenantFacts
from web import access, assets, attachments, brand_drafts, forms, hosts, htmx
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = Blueprint("settings_branding", __name__)


class BrandingForm(Form):
    """`label_0`, `url_0`, … are the links, `footer_en`, … the footers, `logo_light`, … the files."""

    version = HiddenField()
    name = StringField(_l("Name"), [InputRequired(_l("Enter a name."))])
    color = StringField(_l("Colour"))
    phone = StringField(_l("Telephone"), description=_l("Shown beside “Send a request”."))
    layout = RadioField(_l("Home page"), choices=forms.choices(branding.LAYOUTS.items()))
    theme = RadioField(_l("Preview"), choices=forms.choices([("light", _l("Light")), ("dark", _l("Dark"))]), default="light")

    def wish(self) -> Wish:
        return Wish(
            name=self.name.data or "",
            color=self.color.data or "",
            phone=self.phone.data or "",
            layout=self.layout.data or "",
            links=[(self[f"label_{place}"].data or "", self[f"url_{place}"].data or "") for place in _PLACES],
            footer={language.code: self[f"footer_{language.code}"].data or "" for language in LANGUAGES},
        )

    def logos(self) -> dict[str, Upload | None]:
        """Return what is to become of each theme's logo: a new file, none, or what is not named stays."""
        arrived = {theme: attachments.arrived(f"logo_{theme}") for theme in branding.THEMES}
        gone: dict[str, Upload | None] = {theme: None for theme in branding.THEMES if self[f"no_logo_{theme}"].data}
        return gone | {theme: uploads[0] for theme, uploads in arrived.items() if uploads}


_PLACES = range(branding.MOST_LINKS)
for _place in _PLACES:
    setattr(BrandingForm, f"label_{_place}", StringField(_l("Name of the link")))
    setattr(BrandingForm, f"url_{_place}", StringField(_l("Address")))
for _language in LANGUAGES:
    setattr(BrandingForm, f"footer_{_language.code}", TextAreaField(_language.name))
for _theme, _label in (("light", _l("Logo for light pages")), ("dark", _l("Logo for dark pages"))):
    setattr(BrandingForm, f"logo_{_theme}", FileField(_label))
    setattr(BrandingForm, f"no_logo_{_theme}", BooleanField(_l("Take the present logo away")))


@blueprint.get("/settings/branding")
@requires(Permission.SETTINGS_MANAGE)
def page() -> Any:
    present = own_row.read(session, branding.COLUMNS)
    look = branding.look_of(present["branding"])
    facts: dict[str, Any] = {"name": present["name"], "phone": present["phone"], "layout": look.layout}
    facts["color"] = present["brand_color"] or branding.HOUSE_COLOR
    for place, (label, url) in enumerate(look.links):
        facts |= {f"label_{place}": label, f"url_{place}": url}
    facts |= {f"footer_{code}": text for code, text in look.footer.items()}
    return _show(BrandingForm(formdata=None, **facts))


def _show(form: BrandingForm) -> Any:
    if isinstance(form.refusal, StaleEdit) or not form.is_submitted():
        form.version.data = branding.version(session)
    logos = branding.look_of(own_row.read(session, ("branding",))["branding"]).logos
    return forms.show(
        "backoffice/settings/branding.html", form, logos=logos, places=_PLACES, themes=branding.THEMES, **_preview(form)
    )


def _preview(form: BrandingForm) -> dict[str, Any]:
    """Return the signed address of the home page as the form would have it, and how its colour reads."""
    tenant = hosts.tenant()
    assert tenant is not None
    try:
        values = form.wish().checked()
    except DomainError as error:
        return {"preview_url": None, "verdict": None, "preview_problem": str(error)}
    draft = brand_drafts.sign(tenant, _drawn(tenant, values), theme="dark" if form.theme.data == "dark" else "light")
    verdict = assets.verdict(values["brand_color"] or branding.HOUSE_COLOR)
    return {"preview_url": f"/{spoken_there(tenant)}/preview?draft={draft}", "verdict": verdict, "preview_problem": ""}


def spoken_there(tenant: TenantFacts) -> str:
    """Return the path of the language in which the help centre is previewed: the reader's, where it is offered."""
    return (spoken() if spoken() in tenant.languages else tenant.language).path


def _drawn(tenant: TenantFacts, values: dict[str, Any]) -> dict[str, Any]:
    """Return what the preview needs: with the logos of today, and of the footers only the one that it shows."""
    code = next((one.code for one in LANGUAGES if one.path == spoken_there(tenant)), "")
    look = branding.look_of(values["branding"])
    footer = {code: text} if (text := look.footer.get(code)) else {}
    drawn = {**values["branding"], "footer": footer, "logo": dict(branding.look_of(tenant.branding).logos)}
    return {**values, "branding": drawn}


@blueprint.post("/settings/branding/preview")
@requires(Permission.SETTINGS_MANAGE)
def preview() -> str:
    """Return the preview for the panel beside the form."""
    return render_template("backoffice/settings/_brand_preview.html", **_preview(BrandingForm()))


@blueprint.post("/settings/branding")
@requires(Permission.SETTINGS_MANAGE)
def save() -> Any:
    form = BrandingForm()
    if form.validate_on_submit() and "preview" not in request.form:
        try:
            with form.refusals():
                seen = form.version.data or ""
                branding.change(session, form.wish(), logos=form.logos(), seen=seen, actor=access.actor())
                flash(_("Saved. Your help centre wears it from now on."), "success")
                return htmx.redirect_to(url_for(".page"))
        finally:
            if isinstance(form.refusal, FileRefused):
                form["logo_light"].errors = [str(form.refusal)]
    return _show(form)
