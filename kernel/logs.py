"""Logs: one JSON object a line, each with the request's id and the tenant, none with a secret."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

# 138****5678 and a***@mail.example are enough to help a customer; whole numbers and addresses have no place in a log.
_PHONE = re.compile(r"(\+?\d{3,5})\d{4}(\d{4})")
_MAIL = re.compile(r"([\w.+-])[\w.+-]*@([\w-]+\.[\w.-]+)")
# A sign-in link's token, and the part of a request's address that nobody can guess: whoever has read one may use it.
_TOKEN = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])")
_PUBLIC_ID = re.compile(r"\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
# The driver's complaint about a row repeats the row, all of it.
_DETAIL = re.compile(r"DETAIL:.*?(?=\\n|\n|$)")
_SECRET_NAMES = {"password", "token", "code", "secret", "cookie", "authorization"}


def get(name: str) -> Any:
    return structlog.get_logger(name)


def begin(*, request_id: str, **facts: Any) -> None:
    """Start a piece of work: every line from here on carries these facts."""
    clear_contextvars()
    bind_contextvars(request_id=request_id, **facts)


def add(**facts: Any) -> None:
    bind_contextvars(**facts)


def request_id() -> str:
    return str(get_contextvars().get("request_id", ""))


def configure() -> None:
    """Send our lines and those of the libraries to standard error as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # It tells of every revision that it renders, which is every start.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _mask(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in line.items():
        if key.lower() in _SECRET_NAMES:
            line[key] = "***"
        elif isinstance(value, str) and key not in ("timestamp", "request_id"):
            line[key] = masked(value)
    if isinstance(path := line.get("path"), str):
        line["path"] = _PUBLIC_ID.sub(r"\1-***", path)
    return line


def masked(text: str) -> str:
    """Return a text that may be kept or shown outside the tenant it is about, such as an error's."""
    for pattern, instead in ((_DETAIL, "DETAIL: ***"), (_TOKEN, "***"), (_PHONE, r"\1****\2"), (_MAIL, r"\1***@\2")):
        text = pattern.sub(instead, text)
    return text
