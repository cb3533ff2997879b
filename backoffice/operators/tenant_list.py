"""Tenants: the list with what each holds, a page for each, and what operators may do with one."""

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import BigInteger, cast
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import EmailField, SelectField, StringField
from wtforms.validators import InputRequired

from backoffice.operators import audit, tenant_page
from backoffice.operators.admin import Choice, Records, route
from backoffice.operators.signing_up import TRADES, ZONES
from backoffice.operators.tenant_page import PLAN_NAMES, STATE_NAMES
from kernel import settings
from kernel.errors import InvalidField
from kernel.i18n import LazyText, spoken
from kernel.i18n import lazy_text as _l
from tenants import furnishing, migrations, people, provisioning, registry
from tenants.permissions import Permission, Role
from tenants.provisioning import SlugTaken, SlugUnfit
from tenants.registry import State, Tenant, TenantFacts
from tenants.signing_up import NAME_LENGTH
from web import access, forms, htmx
from web.access import requires
from web.forms import Form
from web.lifecycle import session

# Those that anybody ever worked in; the erased are asked for by themselves.
_SHOWN_STATES = (State.LIVE, State.SUSPENDED, State.CLOSING, State.PURGED)
_BY_STATE = "flt0_0"
_KEPT = ("search", "sort", "desc", "flt1_1")


def _tabs() -> list[tuple[str, LazyText, str, int]]:
    """Return the states as tabs: key, name, address, and how many tenants there are; the rest of the question stays."""
    counts = registry.count_by_state(session)
    asked: dict[str, Any] = {name: request.args[name] for name in _KEPT if name in request.args}
    tabs = [(str(state), STATE_NAMES[state][1], {_BY_STATE: str(state)}, counts.get(state, 0)) for state in _SHOWN_STATES]
    everybody = sum(count for key, _name, _chosen, count in tabs if key != State.PURGED)
    tabs.insert(0, ("", _l("All"), {}, everybody))
    return [(key, name, url_for(".index_view", **{**asked, **chosen}), count) for key, name, chosen, count in tabs]


def _figure(name: str) -> Any:
    return cast(Tenant.usage[name].astext, BigInteger)


class NewTenantForm(Form):
    company = StringField(_l("Company"), [InputRequired(_l("Enter the name of your company."))])
    sub = StringField(_l("Address"), [InputRequired(_l("Choose an address for your workspace."))])
    email = EmailField(_l("E-mail of its first administrator"), [InputRequired(_l("Enter an e-mail address."))])
    template = SelectField(_l("Trade"), choices=forms.choices(TRADES))
    language = SelectField(_l("Language"), choices=forms.LANGUAGE_CHOICES, default=lambda: spoken().code)
    time_zone = SelectField(_l("Time zone"), choices=ZONES, default="UTC")


class Tenants(Records):
    list_template = "operators/tenants.html"
    column_list = (
        *("name", "slug", "state", "plan", "placement", "revision"),
        *("seats", "tickets", "storage", "activity", "failed", "created_at"),
    )
    column_labels = {
        "name": _l("Name"),
        "slug": _l("Address"),
        "state": _l("State"),
        "plan": _l("Plan"),
        "placement": _l("Database"),
        "revision": _l("Revision"),
        "seats": _l("Seats"),
        "tickets": _l("Tickets"),
        "storage": _l("Storage"),
        "activity": _l("Last activity"),
        "failed": _l("Failed jobs"),
        "created_at": _l("Since"),
    }
    column_searchable_list = ("name", "slug")
    column_sortable_list = (
        "name",
        "slug",
        "state",
        "plan",
        "placement",
        "revision",
        ("seats", _figure("seats")),
        ("tickets", _figure("tickets")),
        ("storage", _figure("storage_bytes")),
        ("activity", Tenant.usage["last_activity"].astext),
        "created_at",
    )
    column_default_sort = ("created_at", True)
    column_filters = (
        Choice(Tenant.state, _l("State"), options=[(str(state), STATE_NAMES[state][1]) for state in _SHOWN_STATES]),
        Choice(Tenant.plan, _l("Plan"), options=list(PLAN_NAMES.items())),
    )

    @route("/")
    @requires(Permission.PLATFORM_OPERATE)
    def index_view(self) -> Any:
        self._template_args.update(
            states=STATE_NAMES,
            plan_names=PLAN_NAMES,
            head=migrations.head("tenant"),
            address_of=settings.current().tenant_host,
            tabs=_tabs(),
            state=request.args.get(_BY_STATE, ""),
        )
        return super().index_view()

    def get_query(self) -> Any:
        query = super().get_query()
        is_erased = request.args.get(_BY_STATE) == State.PURGED
        return query if is_erased else query.filter(Tenant.slug.is_not(None), Tenant.state != State.PURGED)

    def get_list(self, *args: Any, **options: Any) -> Any:
        """Look up the failed jobs of the tenants shown, in one statement a database."""
        count, rows = super().get_list(*args, **options)
        self._template_args["failed"] = tenant_page.failed_jobs(rows)
        return count, rows

    @route("/new/")
    @requires(Permission.PLATFORM_OPERATE)
    def new(self) -> Any:
        return forms.show("operators/new_tenant.html", NewTenantForm())

    @route("/new/", methods=("POST",))
    @requires(Permission.PLATFORM_OPERATE)
    def create(self) -> Any:
        form = NewTenantForm()
        if form.validate_on_submit():
            with form.refusals():
                facts = _create(form)
                audit.note("tenant.created", tenant_id=facts.id, slug=facts.slug)
                audit.tell(_("%(name)s lives at %(address)s. Its administrator has mail.", name=facts.name, address=facts.host))
                return htmx.redirect_to(url_for("tenants.page", tenant_id=facts.id))
        return forms.show("operators/new_tenant.html", form)

    @route("/<int:tenant_id>/")
    @requires(Permission.PLATFORM_OPERATE)
    def page(self, tenant_id: int) -> Any:
        return tenant_page.show(tenant_id)

    @route("/<int:tenant_id>/step/<step>", methods=("POST",))
    @requires(Permission.PLATFORM_OPERATE)
    def step(self, tenant_id: int, step: str) -> Any:
        return tenant_page.take_step(tenant_id, step)

    @route("/<int:tenant_id>/certificate.json")
    @requires(Permission.PLATFORM_OPERATE)
    def certificate(self, tenant_id: int) -> Response:
        return tenant_page.certificate_file(tenant_id)

    @route("/<int:tenant_id>/count", methods=("POST",))
    @requires(Permission.PLATFORM_OPERATE)
    def count(self, tenant_id: int) -> Response:
        tenant_page.count_now(tenant_id)
        return htmx.redirect_to(url_for("tenants.page", tenant_id=tenant_id))

    @route("/<int:tenant_id>/enter/<int:pass_id>", methods=("POST",))
    @requires(Permission.PLATFORM_OPERATE)
    def enter(self, tenant_id: int, pass_id: int) -> Any:
        return tenant_page.link_inside(tenant_id, pass_id)


def _create(form: NewTenantForm) -> TenantFacts:
    """Make the tenant with its first administrator, who sets a password by the link of their mail: no operator knows one."""
    try:
        return provisioning.create_tenant(
            (form.sub.data or "").strip().lower(),
            name=" ".join((form.company.data or "").split())[:NAME_LENGTH],
            locale=form.language.data,
            time_zone=form.time_zone.data,
            template=form.template.data,
            furnish=lambda inside: _move_in(inside, form),
        )
    except (SlugTaken, SlugUnfit) as error:
        raise InvalidField("sub", error.message, **error.facts) from error


def _move_in(inside: Session, form: NewTenantForm) -> None:
    language = form.language.data
    people.invite(inside, email=form.email.data or "", role=str(Role.ADMIN), language=language, actor=access.actor())
    furnishing.promise(inside, template=form.template.data, language=language)
