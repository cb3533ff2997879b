"""One tenant as operators see it: what the registry, the outbox and the audit know; of its own data the counts alone."""

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify, render_template, request

from backoffice.operators import audit, tenant_steps
from kernel import database, outbox, settings
from kernel.errors import NotFound
from kernel.i18n import BY_CODE, LazyText
from kernel.i18n import lazy_text as _l
from kernel.tenancy import platform_at
from service_desk.vendor_help import queries as help_requests
from tenants import domains, furnishing, migrations, operator_log, purging, registry, support_access, trail, usage, vendor
from tenants.permissions import ROLE_NAMES
from tenants.registry import State, Tenant
from tenants.support_access import AccessPass
from web import access, forms
from web.forms import Form
from web.lifecycle import session

STATE_NAMES: dict[str, tuple[str, LazyText]] = {
    State.BUILDING: ("draft", _l("Being set up")),
    State.SPARE: ("draft", _l("Spare")),
    State.LIVE: ("active", _l("Live")),
    State.SUSPENDED: ("suspended", _l("Suspended")),
    State.CLOSING: ("waiting", _l("Closing")),
    State.PURGED: ("closed", _l("Erased")),
}
PLAN_NAMES: dict[str, LazyText] = {"trial": _l("Trial")}
# Their schema is there, whether or not their doors are open.
_HAVE_A_SCHEMA = (State.LIVE, State.SUSPENDED, State.CLOSING)


def show(tenant_id: int, refused: tuple[str, Form] | None = None) -> Any:
    if registry.is_purged(session, tenant_id):
        return _show_erased(tenant_id)
    tenant = registry.row(session, tenant_id)
    has_schema = tenant.state in _HAVE_A_SCHEMA
    with database.transaction(platform_at(tenant.placement)) as there:
        dead = outbox.dead_rows(there, role=tenant.stand.role, limit=20)
    return forms.show(
        "operators/tenant.html",
        refused[1] if refused else Form(formdata=None),
        row=tenant,
        states=STATE_NAMES,
        language_names={code: language.name for code, language in BY_CODE.items()},
        role_names=ROLE_NAMES,
        plan_names=PLAN_NAMES,
        trades=furnishing.TEMPLATE_NAMES,
        steps=tenant_steps.offered(tenant, refused),
        address=settings.current().tenant_host(tenant.slug or ""),
        url=settings.current().tenant_url(tenant.slug or ""),
        head=migrations.head("tenant"),
        host_names=registry.host_names(session, tenant.id),
        problems=domains.PROBLEMS,
        history=trail.of_tenant(session, tenant.id, limit=50),
        sentences=operator_log.SENTENCES,
        dead=dead,
        passes=_open_passes(tenant) if has_schema else [],
        questions=help_requests.of_tenant(session, tenant.id),
        vendor=vendor.house(),
    )


def _show_erased(tenant_id: int) -> Any:
    certificate = purging.certificate(session, tenant_id)
    return render_template(
        "operators/erased.html",
        tenant_id=tenant_id,
        certificate=certificate,
        total=sum(certificate.removed.get("rows", {}).values()),
        history=trail.of_tenant(session, tenant_id, limit=50),
        sentences=operator_log.SENTENCES,
    )


def certificate_file(tenant_id: int) -> Response:
    """Send the certificate as a file: its digest is that of `facts`, written as `sealed` says, so that anybody can check it."""
    certificate = purging.certificate(session, tenant_id)
    if certificate.finished_at is None:
        raise NotFound()
    answer = jsonify({"facts": certificate.facts(), "digest": certificate.digest, "digest_of": purging.DIGEST_OF})
    answer.headers["Content-Disposition"] = f'attachment; filename="deletion-certificate-{tenant_id}.json"'
    return answer


def _open_passes(tenant: Tenant) -> list[AccessPass]:
    """Ask in the tenant's own house whether we may come in: the one thing that is read there without a pass."""
    with database.transaction(tenant.stand) as inside:
        return support_access.open_passes(inside)


def take_step(tenant_id: int, key: str) -> Any:
    return tenant_steps.take(tenant_id, key, lambda refused: show(tenant_id, refused))


def failed_jobs(tenants: Sequence[Tenant]) -> dict[int, int]:
    """Return how many promises of each tenant were given up, in one statement for every database that they live in."""
    found: dict[int, int] = {}
    for placement in {tenant.placement for tenant in tenants}:
        ids = {tenant.stand.role: tenant.id for tenant in tenants if tenant.placement == placement}
        with database.transaction(platform_at(placement)) as there:
            found |= {ids[role]: count for role, count in outbox.dead_by_role(there, ids).items()}
    return found


def count_now(tenant_id: int) -> None:
    tenant = registry.row(session, tenant_id)
    usage.count_all(session, tenant_ids=[tenant.id])
    audit.note("tenant.counted", tenant_id=tenant.id)


def link_inside(tenant_id: int, pass_id: int) -> str:
    """Show a link that lets the operator in once; not a redirect, which this page's policy would not let a form follow."""
    tenant = registry.row(session, tenant_id)
    with database.transaction(tenant.stand) as inside:
        facts: dict[str, Any] = {"operator": access.actor(), "address": request.remote_addr or ""}
        token = support_access.link_for_operator(inside, pass_id, **facts)
    audit.note("access_pass.taken", tenant_id=tenant.id, pass_id=pass_id)
    url = settings.current().tenant_url(tenant.slug or "", f"/desk/enter/{token}")
    return render_template("operators/door.html", row=tenant, url=url)
