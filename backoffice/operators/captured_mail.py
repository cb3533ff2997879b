"""Mails caught instead of sent, in demo and test mode: to look at, and for scripts to read."""

from typing import Any

from flask import Blueprint, Response, abort, jsonify, make_response, render_template, request

from kernel import settings
from notifications import queries
from notifications.queries import CapturedMail
from web.access import public
from web.lifecycle import session

blueprint = Blueprint("captured_mail", __name__, url_prefix="/dev")

_SHOWN, _TOLD = 200, 5000
# The mail may style itself and show pictures; it may run nothing.  Its links open in a tab of their own, outside the sandbox.
_MAIL_CSP = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data: https:",
        "frame-ancestors 'self'",
        "sandbox allow-popups allow-popups-to-escape-sandbox",
    )
)


@blueprint.before_request
def only_with_hooks() -> None:
    if not settings.current().has_test_hooks:
        abort(404)


@blueprint.get("/mail")
@public("captured mail exists in demo and test mode only, where nothing is secret")
def listing() -> str:
    to = request.args.get("to", "").strip()
    mails = queries.captured_mails(session, to=to, limit=_SHOWN)[::-1]
    return render_template("operators/mail_list.html", mails=mails, to=to, limit=_SHOWN)


@blueprint.get("/mail.json")
@public("captured mail exists in demo and test mode only, where nothing is secret")
def as_json() -> Response:
    mails = queries.captured_mails(session, to=request.args.get("to", ""), limit=_TOLD)
    return jsonify([_facts(mail) for mail in mails])


def _facts(mail: CapturedMail) -> dict[str, Any]:
    return {
        "to": mail.to_address,
        "from": mail.sender,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "message_id": mail.message_id,
        "sent_at": mail.sent_at.isoformat(),
    }


@blueprint.get("/mail/<key>")
@public("captured mail exists in demo and test mode only, where nothing is secret")
def one(key: str) -> str:
    return render_template("operators/mail.html", mail=_mail(key), key=key)


@blueprint.get("/mail/<key>/html")
@public("captured mail exists in demo and test mode only, where nothing is secret")
def html(key: str) -> Response:
    """Serve the mail's HTML as a page of its own, to be framed by `one`."""
    answer = make_response(_mail(key).html.replace("<head>", '<head><base target="_blank">', 1))
    answer.headers["Content-Security-Policy"] = _MAIL_CSP
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def _mail(key: str) -> CapturedMail:
    """`key` is a Message-ID without its angle brackets, which addresses cannot hold."""
    return queries.captured_mail(session, f"<{key}>") or abort(404)
