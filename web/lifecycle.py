"""One request, one transaction: opened where the request belongs, kept when it answers well, else gone."""

import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask, abort, g, request
from sqlalchemy.orm import Session
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from kernel import database, events, logs
from kernel.tenancy import PLATFORM, Stand

_log = logs.get(__name__)
_UNREADABLE = ("\x00", "\ufffd")


def _session() -> Session:
    opened: Session | None = g.get("session")
    if opened is None:
        opened = g.session = database.session_at(_stand())
    return opened


def _stand() -> Stand:
    return g.tenant.stand if g.get("tenant") else PLATFORM


# The request's own session, opened at first use.
session: Session = LocalProxy(_session)  # type: ignore[assignment]


def install(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_settle)
    app.teardown_request(_leave_no_trace)


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = uuid.uuid4().hex
    logs.begin(request_id=g.request_id)
    events.come_from(request.remote_addr or "")


def refuse_damaged_input() -> None:
    """NUL and what is left of broken UTF-8 can be neither stored nor shown: say so before anything is read further."""
    if any(_is_broken(text) for text in _escaped_texts()):
        abort(400, "damaged")
    texts = [request.path, *request.args.values(), *request.args.keys()]
    if request.method == "POST":
        for name, values in request.form.lists():
            texts += [name, *values]
    if any(mark in text for text in texts for mark in _UNREADABLE):
        abort(400, "damaged")


def _escaped_texts() -> Iterator[bytes]:
    """What came percent-encoded, as it came: Werkzeug writes bytes that are no UTF-8 as if somebody had typed "%FF"."""
    yield request.query_string
    is_small = (request.content_length or 0) <= (request.max_form_memory_size or 0)
    if request.mimetype == "application/x-www-form-urlencoded" and is_small:
        yield request.get_data()


def _is_broken(escaped: bytes) -> bool:
    try:
        unquote_to_bytes(escaped).decode()
    except UnicodeDecodeError:
        return True
    return False


def _settle(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    opened = g.pop("session", None)
    if opened is not None:
        database.settle(opened, keep=response.status_code < 400)
    _log_answer(response)
    return response


def _log_answer(response: Response) -> None:
    took = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
    facts: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "ms": round(took, 1),
    }
    if actor := g.get("actor"):
        facts["actor"] = f"{actor.kind}:{actor.id}"
    _log.info("request", **facts)


def start_over() -> None:
    """Throw away what this request did so far; what follows (an error page) reads in a new transaction."""
    opened = g.pop("session", None)
    if opened is not None:
        database.settle(opened, keep=False)


def _leave_no_trace(_error: BaseException | None) -> None:
    start_over()
