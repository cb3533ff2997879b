"""From the host name to the tenant: the Host header picks a row of the registry, and nothing else picks it."""

from flask import abort, g, redirect, request
from werkzeug.wrappers import Response

from kernel import logs, settings
from tenants import registry
from tenants.registry import TenantFacts


def is_platform(host: str) -> bool:
    return host.lower() == settings.current().platform_host


def enter_tenant() -> Response | None:
    """Find out whose house this request has come to; a stranger's name is a 404 that names nobody.

    Other names of the house lead to its own.  Whether it is open is asked later, in the reader's language (`web.closed`).
    """
    facts = registry.at(request.host)
    if facts is None:
        abort(404)
    g.tenant = facts
    logs.add(tenant=facts.slug)
    if request.host.lower() != facts.host and request.method == "GET":
        return redirect(facts.url(request.full_path.rstrip("?")), 301)
    return None


def tenant() -> TenantFacts | None:
    facts: TenantFacts | None = g.get("tenant")
    return facts
