"""A tiny name server on this machine that answers what a test tells it to."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class NameServer:
    """`records[("help.gamma.example", "CNAME")] = ["gamma.localhost."]` is what it says; `is_silent` lets it say nothing."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.is_silent = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                question, sender = self._socket.recvfrom(4096)
                if not question:
                    return
                if not self.is_silent:
                    self._socket.sendto(self._answer(dns.message.from_wire(question)), sender)

    def _answer(self, query: dns.message.Message) -> bytes:
        asked = query.question[0]
        kind = dns.rdatatype.to_text(asked.rdtype)
        name = asked.name.to_text(omit_final_dot=True).lower()
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if found := self.records.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *found))
        elif not any(known == name for known, _kind in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()

    def __enter__(self) -> "NameServer":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join(2)
        self._socket.close()


@contextlib.contextmanager
def name_server() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server
