"""Signing up: an e-mail address, the code from our mail, the company, and the door of a workspace opens.

Who sends company, address and e-mail at once gets the workspace at once; the code is then asked before they may enter.
"""

from contextlib import suppress
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, redirect, render_template, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response
from wtforms import BooleanField, EmailField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from kernel import i18n, settings
from kernel.errors import AlreadySent
from kernel.i18n import lazy_text as _l
from tenants import furnishing, signing_up
from tenants.signing_up import SignUp, Wish
from web import forms, htmx, security
from web.access import public
from web.forms import Form, OnceForm
from web.lifecycle import session

blueprint = Blueprint("signing_up", __name__, url_prefix="/signup")

_COOKIE = "sign_up"
TRADES = tuple(furnishing.TEMPLATE_NAMES.items())
ZONES = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
_ZONE_OF = {"en": "Europe/London", "zh_Hans": "Asia/Shanghai", "zh_Hant": "Asia/Taipei"}
_NO_COMPANY = _l("Enter the name of your company.")
_NO_ADDRESS = _l("Choose an address for your workspace.")


_FITS = Length(max=signing_up.NAME_LENGTH, message=forms.TOO_LONG)


class BeginForm(OnceForm):
    """The first step asks for the address only; `company` and `sub` may come with it."""

    email = EmailField(_l("Your e-mail address"), [InputRequired(_l("Enter your e-mail address."))])
    company = StringField(_l("Company"), [_FITS])
    sub = StringField(_l("Address of your workspace"))


class CodeForm(Form):
    code = StringField(_l("Code"), [InputRequired(_l("Enter the six digits from our mail."))])


class WorkspaceForm(Form):
    company = StringField(_l("Company"), [InputRequired(_NO_COMPANY), _FITS])
    sub = StringField(_l("Address of your workspace"), [InputRequired(_NO_ADDRESS)])
    template = RadioField(_l("Your trade"), choices=forms.choices(TRADES), default=furnishing.BLANK)
    language = SelectField(_l("Language of your company"), choices=forms.LANGUAGE_CHOICES)
    time_zone = SelectField(_l("Time zone"), choices=ZONES)
    with_demo = BooleanField(_l("Put in sample tickets and articles; they can be removed later"), default=True)


@blueprint.get("")
@public("whoever signs up is nobody's yet")
def page() -> Any:
    return forms.show("operators/sign_up.html", BeginForm(email=request.args.get("email", "")))


@blueprint.post("")
@public("whoever signs up is nobody's yet")
def begin() -> Any:
    form = BeginForm()
    is_all_at_once = bool(form.company.data or form.sub.data)
    if form.validate_on_submit() and form.key and (not is_all_at_once or _can_be_had(form)):
        with form.refusals():
            _begin(form)
            return _at_once(form) if is_all_at_once else htmx.redirect_to(url_for("signing_up.code"))
    return forms.show("operators/sign_up.html", form)


def _can_be_had(form: BeginForm) -> bool:
    """Look at the rest before a mail is sent for it; a form that came before is judged by what it has come to."""
    if signing_up.find(session, form.key or "") is not None:
        return True
    if not (form.company.data or "").strip():
        form.company.errors = [str(_NO_COMPANY)]
    if wrong := signing_up.verdict(_slug(form)):
        form.sub.errors = [wrong]
    return not form.errors


def _slug(form: Any) -> str:
    return (form.sub.data or "").strip().lower()


def _begin(form: BeginForm) -> None:
    facts = {"language": i18n.spoken().code, "address": request.remote_addr or ""}
    earlier = signing_up.find(session, form.key or "")
    if earlier is not None and earlier.email != (form.email.data or "").strip().lower():
        form.renew_key()  # the page was gone back to, and another address typed
    with suppress(AlreadySent):  # two clicks in the same instant: the other one noted it
        signing_up.begin(form.key or "", email=form.email.data or "", **facts)
    cookie[_COOKIE] = form.key


def _at_once(form: BeginForm) -> Response:
    row = signing_up.find(session, form.key or "", lock=True)
    assert row is not None, "it was noted a moment ago"
    language = i18n.spoken().code
    wish = Wish(company=form.company.data or "", slug=_slug(form), locale=language, time_zone=_ZONE_OF[language])
    return _lead_to(signing_up.furnish(session, row, wish).url("/desk/welcome"))


@blueprint.get("/code")
@public("whoever signs up is nobody's yet")
def code() -> Any:
    row = _row()
    if row is None:
        return htmx.redirect_to(url_for("signing_up.page"))
    return _show_code(CodeForm(), row.email)


def _row(*, lock: bool = False) -> SignUp | None:
    return signing_up.find(session, cookie.get(_COOKIE, ""), lock=lock)


def _show_code(form: Form, email: str) -> Response:
    return forms.show("operators/sign_up_code.html", form, email=email)


@blueprint.post("/code")
@public("whoever signs up is nobody's yet")
def prove() -> Any:
    row = _row()
    if row is None:
        return htmx.redirect_to(url_for("signing_up.page"))
    form, email = CodeForm(), row.email
    if form.validate_on_submit():
        with form.refusals():
            signing_up.prove(row, form.code.data or "")
            return _enter(row) if row.tenant_id else htmx.redirect_to(url_for("signing_up.workspace"))
    return _show_code(form, email)


@blueprint.post("/code/again")
@public("whoever signs up is nobody's yet")
def mail_again() -> Any:
    row = _row(lock=True)
    if row is not None:
        signing_up.mail_again(session, row)
    return htmx.redirect_to(url_for("signing_up.code"))


@blueprint.get("/workspace")
@public("whoever signs up is nobody's yet")
def workspace() -> Any:
    row = _row()
    if row is None or row.proved_at is None:
        return htmx.redirect_to(url_for("signing_up.page"))
    language = i18n.spoken().code
    return forms.show(
        "operators/sign_up_workspace.html", WorkspaceForm(language=language, time_zone=_ZONE_OF[language]), verdict=""
    )


@blueprint.post("/workspace")
@public("whoever signs up is nobody's yet")
def furnish() -> Any:
    row = _row(lock=True)
    if row is None or row.proved_at is None:
        return htmx.redirect_to(url_for("signing_up.page"))
    form = WorkspaceForm()
    if form.validate_on_submit():
        with form.refusals():
            signing_up.furnish(session, row, _wish(form))
            return _enter(row)
    return forms.show("operators/sign_up_workspace.html", form)


def _wish(form: WorkspaceForm) -> Wish:
    return Wish(
        company=form.company.data or "",
        slug=_slug(form),
        locale=form.language.data,
        time_zone=form.time_zone.data,
        template=form.template.data,
        has_demo_data=bool(form.with_demo.data),
    )


@blueprint.get("/address")
@public("whoever signs up is nobody's yet")
def address() -> str:
    """Say, while it is being typed, whether an address can be had."""
    slug = request.args.get("sub", "").strip().lower()[:60]
    return render_template("operators/_address_verdict.html", slug=slug, wrong=signing_up.verdict(slug) if slug else "")


def _enter(row: SignUp) -> Response:
    return _lead_to(signing_up.link_to_desk(row, "/desk/welcome"))


def _lead_to(url: str) -> Response:
    """Hand over to the workspace's own host: a form may lead there only if the policy of this page's answer says so."""
    if getattr(request, "is_htmx", False):
        return htmx.redirect_to(url)
    return redirect(url)


@blueprint.after_request
def allow_workspaces_as_targets(response: Response) -> Response:
    current = settings.current()
    return security.let_forms_lead_to(response, f"{current.scheme}://*.{current.platform_host}")
