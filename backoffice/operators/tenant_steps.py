"""The steps of a tenant's life that operators take: a form for each, which asks for more the less it can be undone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import abort, url_for
from wtforms import StringField, TextAreaField

from backoffice.operators import audit
from kernel.errors import InvalidField
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from tenants import lifecycle, purging, registry
from tenants.provisioning import SlugTaken, SlugUnfit
from tenants.registry import State, Tenant
from web import access, htmx
from web.forms import Form
from web.lifecycle import session


class PlainForm(Form):
    """A step that can be taken back, and asks for nothing."""


class ReasonForm(Form):
    reason = TextAreaField(_l("Reason"))


class NoticeForm(ReasonForm):
    address = StringField(_l("Its address"))


class AddressForm(Form):
    address = StringField(_l("Its address"))


class MoveForm(Form):
    slug = StringField(_l("New address"))


@dataclass(frozen=True)
class Step:
    """What can be done with a tenant in these `states`; the command has the last word, and writes the line of the trail."""

    label: LazyText
    text: LazyText
    tone: str
    form: type[Form]
    states: tuple[State, ...]
    take: Callable[[int, Any], None]


def _suspend(tenant_id: int, form: ReasonForm) -> None:
    lifecycle.suspend(session, tenant_id, reason=form.reason.data or "", actor=access.actor())


def _resume(tenant_id: int, _form: PlainForm) -> None:
    lifecycle.resume(session, tenant_id, actor=access.actor())


def _move(tenant_id: int, form: MoveForm) -> None:
    slug = (form.slug.data or "").strip().lower()
    if slug == registry.row(session, tenant_id).slug:
        raise InvalidField("slug", _l("This is the address already."))
    try:
        lifecycle.rename(session, tenant_id, slug=slug, actor=access.actor())
    except (SlugTaken, SlugUnfit) as error:
        raise InvalidField("slug", error.message, **error.facts) from error


def _close(tenant_id: int, form: NoticeForm) -> None:
    _check_address(tenant_id, form)
    lifecycle.close(session, tenant_id, reason=form.reason.data or "", actor=access.actor())


def _reopen(tenant_id: int, _form: PlainForm) -> None:
    lifecycle.reopen(session, tenant_id, actor=access.actor())


def _purge(tenant_id: int, form: AddressForm) -> None:
    _check_address(tenant_id, form)
    purging.begin_now(session, tenant_id, actor=access.actor())


def _check_address(tenant_id: int, form: Any) -> None:
    slug = registry.row(session, tenant_id).slug or ""
    if (form.address.data or "").strip().lower() != slug:
        raise InvalidField("address", _l("This is not the address. Type “%(slug)s” to confirm."), slug=slug)


STEPS = {
    "resume": Step(
        _l("Resume"),
        _l("The doors open again, and the work that waited goes on."),
        "primary",
        PlainForm,
        (State.SUSPENDED,),
        _resume,
    ),
    "reopen": Step(
        _l("Take the notice back"),
        _l("The tenant is again what it was before the notice."),
        "primary",
        PlainForm,
        (State.CLOSING,),
        _reopen,
    ),
    "rename": Step(
        _l("Move to another address"),
        _l("The old address leads to the new one for 90 days. Everybody signs in again there."),
        "secondary",
        MoveForm,
        (State.LIVE, State.SUSPENDED),
        _move,
    ),
    "suspend": Step(
        _l("Suspend"),
        _l("Every page says politely that it is closed for now. Work waits, and nothing is lost."),
        "danger",
        ReasonForm,
        (State.LIVE,),
        _suspend,
    ),
    "close": Step(
        _l("Give notice"),
        _l("The help centre closes at once. After 30 days everything is erased; until then the notice can be taken back."),
        "danger",
        NoticeForm,
        (State.LIVE, State.SUSPENDED),
        _close,
    ),
    "purge": Step(
        _l("Erase now"),
        _l("Everything of the tenant is erased at once, without waiting for the end of the 30 days. Nobody can undo this."),
        "danger",
        AddressForm,
        (State.CLOSING,),
        _purge,
    ),
}


def offered(tenant: Tenant, refused: tuple[str, Form] | None) -> list[tuple[str, Step, Form]]:
    """Return the steps that a tenant's state allows, each with its form: empty, or as typed where it was `refused`."""
    name, form = refused or ("", None)
    steps = [(key, step) for key, step in STEPS.items() if tenant.state in step.states]
    return [(key, step, form if form and key == name else _made(key, formdata=None)) for key, step in steps]


def _made(key: str, **options: Any) -> Form:
    """Two forms of one page may ask for the same thing, so each has its name before its fields'."""
    return STEPS[key].form(prefix=f"{key}-", **options)


def take(tenant_id: int, key: str, show_again: Callable[[tuple[str, Form]], Any]) -> Any:
    """Take the step that was sent, and go back to the tenant's page; a refused one is shown again as it was typed."""
    if key not in STEPS:
        abort(404)
    there = url_for("tenants.page", tenant_id=tenant_id)
    if registry.is_purged(session, tenant_id):
        # Sent twice, or by somebody else meanwhile: the page says what became of it.
        audit.is_written()
        return htmx.redirect_to(there)
    form = _made(key)
    if form.validate_on_submit():
        with form.refusals():
            STEPS[key].take(tenant_id, form)
            audit.is_written()
            audit.tell("")
            return htmx.redirect_to(there)
    return show_again((key, form))
