"""The one door to DNS: what a name's records say, from the resolver of the machine or the one that the settings name."""

from typing import Any

import dns.exception
import dns.name
import dns.resolver

from kernel import settings

_PATIENCE_SECONDS = 4.0


class Unreachable(Exception):
    """No resolver answered: nothing is known about the name, and nothing should be concluded."""


def texts(name: str) -> list[str]:
    """Return the TXT records of a name, each put together again.  Raises `Unreachable`."""
    return [b"".join(record.strings).decode("utf-8", "replace") for record in _ask(name, "TXT")]


def alias(name: str) -> str | None:
    """Return what a name is another name for (CNAME), without the dot at the end.  Raises `Unreachable`."""
    found = _ask(name, "CNAME")
    return found[0].target.to_text(omit_final_dot=True).lower() if found else None


def addresses(name: str) -> set[str]:
    """Return the addresses that a name leads to, of both kinds.  Raises `Unreachable`."""
    return {record.address for kind in ("A", "AAAA") for record in _ask(name, kind)}


def in_ascii(name: str) -> str:
    """Return a name as DNS writes it: 會員.example as xn--….  Raises `ValueError` for what can be no name."""
    try:
        return dns.name.from_text(name, idna_codec=dns.name.IDNA_2008_UTS_46).to_text(omit_final_dot=True).lower()
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(name) from error


def _ask(name: str, kind: str) -> list[Any]:
    try:
        return list(_resolver().resolve(f"{name}.", kind, search=False))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise Unreachable(str(error)) from error


def _resolver() -> dns.resolver.Resolver:
    """A resolver without a memory: whoever has just set a record wants it seen."""
    server = settings.current().dns_server
    try:
        made = dns.resolver.Resolver(configure=not server)
    except dns.resolver.NoResolverConfiguration as error:
        raise Unreachable("this machine knows no resolver") from error
    if server:
        host, _colon, port = server.rpartition(":")
        made.nameservers, made.port = [host], int(port)
    made.lifetime = _PATIENCE_SECONDS
    return made
