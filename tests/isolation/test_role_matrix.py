"""Every route has a line in the role matrix, and no line is without its route; what the cells say is asked by the crawl."""

import wsgi
from tests.isolation import role_matrix
from tests.isolation.callers import FACES


def test_every_route_has_a_line_in_the_role_matrix(house):
    missing = role_matrix.undeclared()
    assert not missing, "\n".join(["put these lines into tests/isolation/role_matrix.txt and decide each cell:", *missing])


def test_every_face_has_its_columns(house):
    assert set(wsgi.faces()) == set(FACES), "a new face is asked by roles: name them in tests/isolation/callers.py"


def test_every_line_of_the_role_matrix_has_its_route(house):
    assert role_matrix.forgotten() == []
