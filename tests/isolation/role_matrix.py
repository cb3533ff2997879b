"""Who may call what, as `role_matrix.txt` says: written by hand, so that it can disagree with the code."""

from collections.abc import Iterator
from pathlib import Path

from tenants.permissions import CUSTOMER, GRANTED, OPERATOR, Role
from tests.isolation.callers import FACES
from tests.isolation.places import Ask, asks

ALLOWED, REFUSED, SIGN_IN = "+", "-", ">"
_TABLE = Path(__file__).with_name("role_matrix.txt")
Matrix = dict[tuple[str, str], dict[str, str]]


def _rows() -> Iterator[tuple[tuple[str, str], dict[str, str]]]:
    face = ""
    for line in _TABLE.read_text("utf-8").splitlines():
        words = line.split()
        if words and words[0] in FACES:
            face = words[0]
            assert tuple(words[1:]) == FACES[face], f"the columns of {face} are {FACES[face]}"
        elif words and words[0] in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            method, rule, *cells = words
            assert len(cells) == len(FACES[face]), line
            yield (face, f"{method} {rule}"), dict(zip(FACES[face], cells, strict=True))


def _read() -> Matrix:
    matrix: Matrix = {}
    for key, cells in _rows():
        assert key not in matrix, f"{key} stands twice in {_TABLE.name}"
        matrix[key] = cells
    return matrix


MATRIX = _read()


def undeclared() -> list[str]:
    """Return a line for each route without one, with what its `@requires` would have: to be decided by whoever adds it."""
    return [
        f"{face}: {line_of(ask, [_proposed(ask, role) for role in roles])}"
        for face, roles in FACES.items()
        for ask in asks(face)
        if (face, ask.name) not in MATRIX
    ]


def _proposed(ask: Ask, role: str) -> str:
    if ask.permission is None:
        return ALLOWED
    if role == "visitor":
        return SIGN_IN
    held = {"customer": CUSTOMER, "operator": OPERATOR}
    return ALLOWED if ask.permission in map(str, held.get(role) or GRANTED[Role(role)]) else REFUSED


def forgotten() -> list[str]:
    """Return the lines whose route is gone."""
    there = {(face, ask.name) for face in FACES for ask in asks(face)}
    return sorted(f"{face}: {name}" for face, name in MATRIX if (face, name) not in there)


def line_of(ask: Ask, cells: list[str]) -> str:
    return f"  {ask.method:<5}{ask.rule:<74} " + "".join(f"{cell:<9}" for cell in cells).rstrip()
