"""The web server listens where FRONTDESK_BIND says, and is asked where this machine can reach it."""

import pytest

from infra import address
from kernel.settings import load


@pytest.mark.parametrize(
    ("given", "bound", "local"),
    [
        ("", "127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("0.0.0.0", "0.0.0.0:8000", ("127.0.0.1", 8000)),
        ("10.0.0.7:80", "10.0.0.7:80", ("10.0.0.7", 80)),
        ("[::]:8080", "[::]:8080", ("127.0.0.1", 8080)),
        ("[::1]", "[::1]:8000", ("::1", 8000)),
    ],
)
def test_bind(given: str, bound: str, local: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_BIND", given)
    settings = load({"FRONTDESK_PORT": "8000"})
    assert address.as_text(*address.bound(settings)) == bound
    assert address.local(settings) == local
