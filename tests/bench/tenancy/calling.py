"""Calling a WSGI application as a server does: the same for every contender, with nothing but the standard library."""

import io
import random
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

PAGES = 60


def call(application: Callable[..., Any], host: str, path: str, cookie: str = "") -> tuple[str, str]:
    """Return the status of an answer, read to its end, and the cookies that it sets."""
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host,
        "HTTP_COOKIE": cookie,
        "HTTP_ACCEPT": "text/html",
        "HTTP_ACCEPT_LANGUAGE": "en",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    told: list[Any] = []
    body = application(environ, lambda status, headers, error=None: told.extend((status, headers)))
    try:
        assert sum(map(len, body)), "an empty page"
    finally:
        if hasattr(body, "close"):
            body.close()
    return told[0], "; ".join(value.partition(";")[0] for name, value in told[1] if name == "Set-Cookie")


def drawn(hosts: Sequence[str], *, favour_few: bool) -> Callable[[int], list[str]]:
    """Return what draws so many hosts at random: all alike or, as in life, few of them often."""
    weights = [1 / (place + 1) if favour_few else 1.0 for place in range(len(hosts))]
    dice = random.Random(7)
    return lambda count: dice.choices(hosts, weights, k=count)


def visit(application: Callable[..., Any], host: str, path: str, cookie: str) -> float:
    """Return how many seconds a page took."""
    began = time.perf_counter()
    status, _cookies = call(application, host, path, cookie)
    took = time.perf_counter() - began
    assert status.startswith("200"), (host, path, status)
    return took
