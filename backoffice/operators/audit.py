"""The audit of the console: whatever an operator changes is written down, or is not changed."""

from typing import Any

from flask import Flask, flash, g, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from kernel import logs
from tenants import operator_log
from web import access, errors
from web.lifecycle import session

_log = logs.get(__name__)


def note(name: str, *, tenant_id: int | None = None, **data: Any) -> None:
    """Write down, in the transaction of this request, what the operator does (`operator_log.SENTENCES` knows the names)."""
    operator_log.record(session, name, operator=access.actor(), tenant_id=tenant_id, **data)
    g.is_audited = True


def is_written() -> None:
    """Say that the command itself has written the line."""
    g.is_audited = True


def tell(text: str) -> None:
    """Tell the operator on the next page what was done."""
    flash(text or _("Done."), "success")


def install(app: Flask) -> None:
    app.after_request(_keep_nothing_unaudited)


def _keep_nothing_unaudited(response: Response) -> Response:
    """An operator's change that no line tells of is a mistake of ours: take it back and say that something went wrong."""
    is_change = request.method not in ("GET", "HEAD", "OPTIONS") and response.status_code < 400
    is_ours = request.path.startswith("/ops/") and access.actor().kind == "operator"
    if is_change and is_ours and not g.get("is_audited"):
        _log.error("change without audit", endpoint=request.endpoint)
        return errors.page(500, str(_("This change would not have been written down, so it was not made.")))
    return response
