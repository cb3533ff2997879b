"""Where the web server listens, and where we ask it whether it is ready."""

import os

from kernel.settings import Settings

EVERYWHERE = ("", "0.0.0.0", "::")


def bound(settings: Settings) -> tuple[str, int]:
    """Return (host, port) from FRONTDESK_BIND (`host`, `host:port` or `[host]:port`); the loopback if unset."""
    given = os.environ.get("FRONTDESK_BIND") or "127.0.0.1"
    host, colon, port = given.rpartition(":")
    if not colon or given.endswith("]"):
        return given.strip("[]"), settings.port
    return host.strip("[]"), int(port)


def local(settings: Settings) -> tuple[str, int]:
    """Return the (host, port) at which this machine reaches it."""
    host, port = bound(settings)
    return ("127.0.0.1" if host in EVERYWHERE else host), port


def as_text(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
