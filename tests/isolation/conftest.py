"""The town that the isolation tests look at: two furnished houses, and the forms that pages of one of them offer."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher

import wsgi
from kernel import passwords
from tenants.registry import TenantFacts
from tests.isolation import found_forms
from tests.isolation.callers import FACES, ROLES, caller_of
from tests.isolation.crawler import Crawler
from tests.isolation.found_forms import Fields
from tests.isolation.houses import Town, foreign_house, own_house

_found: dict[tuple[str, str], Fields] = {}


@pytest.fixture
def town(
    house: Any, alpha: TenantFacts, beta: TenantFacts, broom: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    """Forged forms are another test's matter: here every POST must come through to the view; and no password is dear."""
    cheap = PasswordHasher(memory_cost=8, time_cost=1, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", cheap)
    monkeypatch.setattr(passwords, "_NOBODY", cheap.hash("nobody has this password"))
    for face in wsgi.faces().values():
        face.config["WTF_CSRF_ENABLED"] = False
    yield Town(broom, foreign_house(alpha), own_house(beta))
    for face in wsgi.faces().values():
        face.config["WTF_CSRF_ENABLED"] = True


@pytest.fixture
def forms(town: Town) -> dict[tuple[str, str], Fields]:
    """What people of the own house could send; found once, because it is the same houses every time."""
    if not _found:
        callers = [caller_of(town.own, face, role) for face, role in ROLES if role in ("visitor", FACES[face][-1])]
        _found.update(found_forms.find(callers[::-1], town.own, town.row_id))
        town.restore()
    return _found


@pytest.fixture
def crawler(town: Town, forms: dict[tuple[str, str], Fields]) -> Callable[[str, str], Crawler]:
    """`crawler("desk", "agent")` asks as somebody of the own house in that role."""

    def made(face: str, role: str) -> Crawler:
        if face == "desk" and role != "visitor":
            town.give_role(role)
        return Crawler(town, caller_of(town.own, face, role), forms)

    return made
