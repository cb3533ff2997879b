"""What load balancers and people on call ask: does it live, can it work?"""

from flask import Blueprint

from web.access import public

blueprint = Blueprint("probes", __name__)


@blueprint.get("/healthz")
@public("load balancers do not sign in")
def healthz() -> dict[str, str]:
    """Answer while the process lives; looks at nothing else."""
    return {"status": "alive"}
