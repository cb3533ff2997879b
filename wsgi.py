"""The front door: every room is known here, and the host name decides which face answers."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from whitenoise import WhiteNoise

import rooms
from backoffice import app as backoffice
from backoffice.operators import app as operators
from kernel import logs, settings
from portal import app as portal
from web import assets, face, hosts

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

# Probes come by address, not by name, so every host answers them.
_PROBES = ("/healthz", "/readyz")


@cache
def faces() -> dict[str, Any]:
    """Return the three faces: portal and desk stand on every tenant's host, the console on the platform's."""
    return {"portal": portal.create(), "desk": backoffice.create(), "operators": operators.create()}


def front_door(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    path = environ.get("PATH_INFO", "/")
    is_platform = hosts.is_platform(environ.get("HTTP_HOST", ""))
    if is_platform or path in _PROBES:
        name = "operators"
    else:
        name = "desk" if path == "/desk" or path.startswith("/desk/") else "portal"
    answer: Iterable[bytes] = faces()[name](environ, start_response)
    return answer


def make() -> Application:
    """Return the whole service as one WSGI application, ready to fork."""
    logs.configure()
    rooms.open_all()
    faces()
    static = WhiteNoise(front_door, max_age=60, immutable_file_test=lambda path, url: True)
    static.add_files(str(assets.FOLDER), prefix="static/built/")
    application: Application = face.behind_proxies(static, settings.current().proxies)
    return application


def __getattr__(name: str) -> Application:
    """Build `application` when a server asks for it, so that importing this module opens nothing."""
    if name == "application":
        return make()
    raise AttributeError(name)


__all__ = ["faces", "front_door", "make"]
