"""Branding that is not saved yet, signed, so that the portal shows it to nobody but whoever was given the address."""

from dataclasses import replace
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from kernel import settings
from kernel.errors import NotFound
from tenants.registry import TenantFacts

_LIFETIME_SECONDS = 24 * 3600


def _seal() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.current().secret_key, salt="brand-draft")


def sign(tenant: TenantFacts, values: dict[str, Any], *, theme: str) -> str:
    """Return the draft for an address; `values` are columns of the tenant's row."""
    return str(_seal().dumps([tenant.id, theme, values]))


def read(tenant: TenantFacts, draft: str) -> tuple[TenantFacts, str]:
    """Return the tenant as the draft would have it look, and the theme.  Raises `NotFound` for what is no draft of theirs."""
    try:
        tenant_id, theme, values = _seal().loads(draft, max_age=_LIFETIME_SECONDS)
    except BadData as error:
        raise NotFound() from error
    if tenant_id != tenant.id:
        raise NotFound()
    return replace(tenant, **values), theme
