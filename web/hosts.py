"""From the host name to the tenant: the Host header picks a row of the registry, and nothing else picks it."""

from flask import abort, g, request

from kernel import logs, settings
from tenants import registry
from tenants.registry import TenantFacts


def is_platform(host: str) -> bool:
    return host.lower() == settings.current().platform_host


def slug_of(host: str) -> str | None:
    """Return the tenant's part of a host name, or nothing when the host is none of ours."""
    head, dot, rest = host.lower().partition(".")
    return head if dot and rest == settings.current().platform_host else None


def enter_tenant() -> None:
    """Find out whose house this request has come to; a stranger's name is a 404 that names nobody."""
    slug = slug_of(request.host)
    facts = registry.find(slug) if slug else None
    if facts is None:
        abort(404)
    g.tenant = facts
    logs.add(tenant=facts.slug)


def tenant() -> TenantFacts | None:
    facts: TenantFacts | None = g.get("tenant")
    return facts
