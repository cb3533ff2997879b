"""The domain: an address of the tenant's own, its records and what was seen of them; and the tenant's name on the platform."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired

from kernel import database, settings
from kernel.errors import InvalidField
from kernel.i18n import lazy_text as _l
from tenants import domains, lifecycle
from tenants.permissions import Permission
from tenants.provisioning import SlugTaken, SlugUnfit
from web import access, forms, hosts, htmx
from web.access import requires
from web.forms import Form
from web.lifecycle import session

blueprint = Blueprint("settings_domains", __name__)


class DomainForm(Form):
    host = StringField(
        _l("Domain"),
        [InputRequired(_l("Enter a domain."))],
        description=_l("Such as help.example.com. It must be yours: you will set two records for it."),
    )


@blueprint.get("/settings/domain")
@requires(Permission.SETTINGS_MANAGE)
def page() -> Any:
    if htmx.wants_fragment():
        return render_template("backoffice/settings/_domains.html", **_shown())
    return forms.show("backoffice/settings/domains.html", DomainForm(formdata=None), **_shown())


def _shown() -> dict[str, Any]:
    tenant = hosts.tenant()
    assert tenant is not None
    found = domains.all_of(session)
    return {
        "domains": found,
        "problems": domains.PROBLEMS,
        "platform_name": settings.current().tenant_host(tenant.slug),
        "is_platform_primary": not any(domain.is_primary for domain in found),
        # Somebody waits for news only while a domain is new or broken.
        "is_waiting": any(domain.state != "verified" or domain.problem for domain in found),
    }


@blueprint.post("/settings/domain")
@requires(Permission.SETTINGS_MANAGE)
def add() -> Any:
    form = DomainForm()
    if form.validate_on_submit():
        with form.refusals():
            domains.add(session, form.host.data, actor=access.actor())
            flash(_("The domain was added. Now set its two records."), "success")
            return htmx.redirect_to(url_for(".page"))
    return forms.show("backoffice/settings/domains.html", form, **_shown())


def _given_host() -> str:
    return request.form.get("host", "")[:300]


@blueprint.post("/settings/domain/check")
@requires(Permission.SETTINGS_MANAGE)
def check() -> Response:
    domains.check_now(session, _given_host())
    flash(_("We are looking. The page shows in a moment what was found."), "info")
    return htmx.redirect_to(url_for(".page"))


@blueprint.post("/settings/domain/primary")
@requires(Permission.SETTINGS_MANAGE)
def make_primary() -> Response:
    """Without a host: back to the platform's name."""
    domains.make_primary(session, _given_host() or None, actor=access.actor())
    flash(_("The main address was changed. The other one leads to it."), "success")
    return htmx.redirect_to(url_for(".page"))


@blueprint.post("/settings/domain/remove")
@requires(Permission.SETTINGS_MANAGE)
def remove() -> Response:
    domains.remove(session, _given_host(), actor=access.actor())
    flash(_("The domain was removed. It leads nowhere from now on."), "success")
    return htmx.redirect_to(url_for(".page"))


class AddressForm(Form):
    slug = StringField(_l("New address"), [InputRequired(_l("Choose an address for your workspace."))])


@blueprint.get("/settings/domain/address")
@requires(Permission.TENANT_CLOSE)
def address() -> Any:
    return _show_address(AddressForm(formdata=None))


def _show_address(form: AddressForm) -> Any:
    platform_host, kept = settings.current().platform_host, lifecycle.FORMER_ADDRESS_KEPT.days
    return forms.show("backoffice/settings/address.html", form, platform_host=platform_host, days=kept)


@blueprint.post("/settings/domain/address")
@requires(Permission.TENANT_CLOSE)
def move() -> Any:
    form = AddressForm()
    if form.validate_on_submit():
        with form.refusals():
            slug = (form.slug.data or "").strip().lower()
            _move(slug)
            # A page and no redirect: forms may not lead to another host (our policy for contents), and the old one is no more.
            url = settings.current().tenant_url(slug, url_for(".page"))
            return render_template("backoffice/settings/moved.html", url=url, host=settings.current().tenant_host(slug))
    return _show_address(form)


def _move(slug: str) -> None:
    tenant = hosts.tenant()
    assert tenant is not None
    if slug == tenant.slug:
        raise InvalidField("slug", _l("This is the address already."))
    try:
        with database.transaction() as platform:
            lifecycle.rename(platform, tenant.id, slug=slug, actor=access.actor())
    except (SlugTaken, SlugUnfit) as error:
        raise InvalidField("slug", error.message, **error.facts) from error
