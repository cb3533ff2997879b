"""Keys: what opens a door at one house or face opens none at another."""

import pytest

from tests.isolation import looks
from tests.isolation.callers import caller_of
from tests.isolation.canaries import PASSWORD


@pytest.mark.parametrize(
    "look", [looks.half_sign_in, looks.other_faces_tokens, looks.gone_people], ids=lambda look: look.__name__
)
def test_a_key_opens_its_own_door_only(town, look):
    assert list(look(town)) == []


def test_setting_a_password_ends_every_other_sign_in(town):
    caller = caller_of(town.own, "portal", "customer")
    assert caller.ask("POST", "/account/password", data={"password": "another long password"}).status_code == 303
    assert caller.ask("GET", "/account").status_code == 303


def test_the_right_password_of_one_house_is_wrong_at_another(town):
    visitor = caller_of(town.own, "desk", "visitor")
    for email, status in ((town.own.mine.email, 303), (town.foreign.mine.email, 422)):
        assert visitor.ask("POST", "/desk/signin", data={"email": email, "password": PASSWORD}).status_code == status


def test_a_cookie_that_somebody_planted_is_not_the_one_that_is_signed_in_with(town):
    """Fixation: what was in the browser before is forgotten, and every sign-in has a token of its own."""
    visitor, host = caller_of(town.own, "desk", "visitor"), town.own.tenant.host
    planted = looks.cookie_of("desk", host, {"_user_id": "planted".ljust(43, "x"), "anything": "planted"})
    form = {"email": town.own.mine.email, "password": PASSWORD}
    tokens = set()
    for _turn in range(2):
        answer = visitor.ask("POST", "/desk/signin", data=form, cookies=planted)
        kept = looks.values_in(answer, "desk", host)
        assert "anything" not in kept
        tokens.add(kept["_user_id"])
    assert len(tokens - {"planted".ljust(43, "x")}) == 2
