"""From errors to pages: a sentence in the reader's language, never a stack trace."""

from flask import Flask, Response, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from kernel import logs
from kernel.errors import DomainError, Forbidden, NotFound, StaleEdit
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from web import lifecycle

_log = logs.get(__name__)

TITLES: dict[int, LazyText] = {
    400: _l("We could not read that"),
    403: _l("This is not open to you"),
    404: _l("Page not found"),
    405: _l("That does not work here"),
    409: _l("Something changed in the meantime"),
    410: _l("This is no longer here"),
    413: _l("That is too large"),
    415: _l("We could not read that"),
    422: _l("That did not work"),
    429: _l("Slow down a little"),
    500: _l("Something went wrong on our side"),
    503: _l("We will be right back"),
}
_TEXTS: dict[int, LazyText] = {
    400: _l("What arrived was incomplete or damaged. Go back, your text is still there, and try again."),
    403: Forbidden.message,
    404: _l("There is nothing at this address. It may have moved, or the address may have a mistake."),
    405: _l("This address cannot be used in that way. Go back and use the buttons on the page."),
    413: _l("The form or file is larger than we can take. Send less at a time."),
    415: _l("What arrived was incomplete or damaged. Go back, your text is still there, and try again."),
    429: _l("There were too many requests from you. Wait a few minutes, then try again."),
    500: _l("It is not your fault, and we have been told. Nothing was changed. Try again in a minute."),
    503: _l("The service is busy or being looked after. Nothing was changed. Try again in a minute."),
}
_PAGE_OPEN_TOO_LONG = _l("The page was open for too long, or cookies are off. Go back, reload the page and send again.")


def install(app: Flask) -> None:
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(StaleDataError, _changed_meanwhile)
    app.register_error_handler(IntegrityError, _changed_meanwhile)
    app.register_error_handler(CSRFError, lambda error: page(400, str(_PAGE_OPEN_TOO_LONG)))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(PoolTimeout, _unavailable)
    app.register_error_handler(Exception, _broken)


def _refused(error: DomainError) -> Response:
    text = _TEXTS[404] if isinstance(error, NotFound) else error
    return page(error.status, str(text))


def _changed_meanwhile(error: Exception) -> Response:
    """Two people did the same at once, and the database let one of them."""
    _log.warning("refused by the database", error=repr(error))
    return _refused(StaleEdit())


def _http(error: HTTPException) -> Response:
    # What fails while an answer is finished, such as the commit, arrives wrapped.
    original = getattr(error, "original_exception", None)
    if isinstance(original, OperationalError | PoolTimeout):
        return _unavailable(original)
    if isinstance(original, StaleDataError | IntegrityError):
        return _changed_meanwhile(original)
    if error.response is not None:
        lifecycle.start_over()
        return make_response(error.response)
    status = error.code or 500
    return page(status, str(_TEXTS.get(status, _TEXTS[400 if status < 500 else 500])), headers=dict(error.get_headers(None)))


def _unavailable(error: Exception) -> Response:
    _log.error("database unavailable", error=repr(error))
    return page(503, str(_TEXTS[503]), headers={"Retry-After": "10"})


def _broken(error: Exception) -> Response:
    _log.error("unexpected", exc_info=error)
    return page(500, str(_TEXTS[500]))


def page(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    """Return the error page; where even that fails, as when the database is away, a plain one that needs nothing."""
    lifecycle.start_over()
    title = str(TITLES.get(status, TITLES[400 if status < 500 else 500]))
    try:
        body = render_template(_template(), status=status, title=title, text=text, request_id=g.get("request_id", ""))
    except Exception as error:
        _log.error("error page failed", exc_info=error)
        body = _PLAIN.format(title=title, text=text)
    response = make_response(body, status)
    for name, value in (headers or {}).items():
        if name.lower() in ("allow", "retry-after"):
            response.headers[name] = value
    return response


def _template() -> str:
    return "web/error_fragment.html" if getattr(request, "is_fragment", False) else "web/error.html"


_PLAIN = """<!doctype html>
<html><head><meta charset="utf-8"><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>
"""
