"""The operators' console: who rents a house here, and how the work behind it goes."""

import uuid

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from kernel import doorbell, logs, outbox, settings
from kernel.i18n import BY_CODE
from tenants import migrations, registry
from tenants.permissions import Permission
from web import access, htmx
from web.access import requires
from web.lifecycle import session

blueprint = Blueprint("console", __name__, url_prefix="/ops")
_log = logs.get(__name__)


@blueprint.get("/")
@requires(Permission.PLATFORM_OPERATE)
def page() -> str:
    dead = outbox.dead_rows(session)
    return render_template(
        "operators/console.html",
        tenants=registry.rows(session),
        tenant_count=registry.count(session),
        tenant_names=registry.names(session, {row.tenant_id for row in dead if row.tenant_id}),
        language_names={code: language.name for code, language in BY_CODE.items()},
        address_of=settings.current().tenant_host,
        url_of=settings.current().tenant_url,
        standing=migrations.standing(),
        heads={branch: migrations.head(branch) for branch in ("shared", "tenant")},
        backlog=outbox.backlog(session),
        dead_rows=dead,
        queue_length=doorbell.queue_length(),
        alive={kind: doorbell.alive(kind) for kind in ("worker", "sweeper")},
    )


@blueprint.post("/outbox/<uuid:row_id>/retry")
@requires(Permission.PLATFORM_OPERATE)
def retry(row_id: uuid.UUID) -> Response:
    outbox.revive(session, row_id)
    _log.info("dead row revived", row=str(row_id), operator=access.actor().id)
    flash(_("It will be tried again now."), "success")
    return htmx.redirect_to(url_for("console.page"))
