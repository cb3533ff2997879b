"""A house that is not open: every face says so politely and shows nothing else, and nothing in it is lost."""

from collections.abc import Callable
from typing import NamedTuple

from flask import Flask, current_app, g, jsonify, make_response, render_template, request
from werkzeug.wrappers import Response

from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from tenants.models import State
from web import hosts, htmx

# True lets the request through, False shows that the house is closed.
Answer = Response | bool


class Notice(NamedTuple):
    """What a closed door says, and after how many seconds it is worth coming back."""

    title: LazyText
    portal: LazyText
    desk: LazyText
    retry_after: int


_NOTICES = {
    State.SUSPENDED: Notice(
        _l("%(company)s is paused"),
        _l("This help centre is paused for now. Nothing you sent is lost. Please come back later."),
        _l("This workspace is suspended. Nothing is lost: everything is as it was as soon as it opens again."),
        3600,
    ),
    State.CLOSING: Notice(
        _l("%(company)s has closed"),
        _l("This help centre has closed and takes no more requests."),
        _l("This workspace is being closed. Only administrators can still come in, to export the data or to undo the closing."),
        24 * 3600,
    ),
}


def install(app: Flask, *, while_closing: Callable[[], Answer]) -> None:
    """`while_closing` says what still works in a tenant that has given notice; in a suspended one nothing does."""
    app.extensions["while_closing"] = while_closing
    app.before_request(turn_away)


def turn_away() -> Response | None:
    """Answer for a house that is not open (called when the reader's language is known)."""
    facts = hosts.tenant()
    if facts is None or facts.is_live:
        return None
    if facts.state == State.CLOSING:
        answer: Answer = current_app.extensions["while_closing"]()
        if answer is not False:
            return None if answer is True else answer
    return _notice(_NOTICES[State(facts.state)], company=facts.name)


def _notice(notice: Notice, *, company: str) -> Response:
    g.pop("actor", None)  # not even the name of who is signed in
    title = str(notice.title % {"company": company})
    text = str(notice.desk if request.path.startswith("/desk") else notice.portal)
    response = make_response(_body(title, text), 503)
    response.headers["Retry-After"] = str(notice.retry_after)
    response.headers["Cache-Control"] = "no-store"
    return response


def _body(title: str, text: str) -> str | Response:
    if htmx.wants_fragment():
        return render_template("web/error_fragment.html", title=title, text=text)
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        problem = jsonify(title=title, detail=text, status=503)
        problem.mimetype = "application/problem+json"  # RFC 9457
        return problem
    return render_template("web/closed.html", title=title, text=text)
