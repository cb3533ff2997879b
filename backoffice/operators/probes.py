"""What load balancers and people on call ask: does it live, can it work?"""

from typing import Any

import psycopg
from flask import Blueprint

from kernel import doorbell, logs
from tenants import migrations
from tenants.migrations import Standing
from web.access import public

blueprint = Blueprint("probes", __name__)
_log = logs.get(__name__)


@blueprint.get("/healthz")
@public("load balancers do not sign in")
def healthz() -> dict[str, str]:
    """Answer while the process lives; looks at nothing else."""
    return {"status": "alive"}


@blueprint.get("/readyz")
@public("load balancers do not sign in")
def readyz() -> tuple[dict[str, Any], int]:
    """Say whether requests can be answered, and what is missing; names nobody.

    Without Valkey, workers or sweeper people are still served and PostgreSQL remembers what is to be done later: that is
    "degraded", and keeps this machine in service.  So does a tenant not yet migrated: two releases may serve side by side.
    """
    standing = _standing()
    checks = {
        "database": "up" if standing else "down",
        "migrations": ("current" if standing.is_at_head else "behind") if standing else "unknown",
        **_work(),
    }
    if standing is None or not standing.is_shared_at_head:
        return {"status": "down", "checks": checks}, 503
    is_ready = all(state in ("up", "current") for state in checks.values())
    return {"status": "ready" if is_ready else "degraded", "checks": checks}, 200


def _standing() -> Standing | None:
    try:
        return migrations.standing()
    except psycopg.Error as error:
        _log.error("database unavailable", error=repr(error))
        return None


def _work() -> dict[str, str]:
    if not doorbell.is_alive():
        return {"valkey": "down", "workers": "unknown", "sweeper": "unknown"}
    are_alive = {name: doorbell.alive(kind) > 0 for name, kind in (("workers", "worker"), ("sweeper", "sweeper"))}
    return {"valkey": "up", **{name: "up" if is_alive else "missing" for name, is_alive in are_alive.items()}}
