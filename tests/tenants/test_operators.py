"""Operators of the platform."""

from datetime import timedelta

import pytest

from kernel import database
from kernel.errors import InvalidField
from tenants import operators
from tenants.permissions import Permission
from tenants.sign_ins import TooManyTries, WrongSecret

SIGN_IN = {"email": "op@frontdesk.example", "password": "a long enough password"}


@pytest.fixture
def platform(house):
    session = database.session_at(database.PLATFORM)
    yield session
    database.settle(session, keep=False)


@pytest.fixture
def olivia(platform):
    return operators.add(platform, name="Olivia", **SIGN_IN)


def test_an_operator_may_operate_the_platform_and_nothing_of_a_tenant(olivia):
    actor = olivia.as_actor()
    assert actor.permissions == {Permission.PLATFORM_OPERATE}
    assert not actor.is_staff


def test_one_address_is_one_operator(platform, olivia):
    with pytest.raises(operators.OperatorExists):
        operators.add(platform, email="OP@frontdesk.example", name="Other", password="a long enough password")
    with pytest.raises(InvalidField):
        operators.add(platform, email="nonsense", name="Other", password="a long enough password")


def test_the_right_password_opens_a_sign_in_that_can_be_ended(platform, olivia):
    operator, token = operators.sign_in(platform, **SIGN_IN)
    platform.flush()
    assert operator is operators.signed_in(platform, token) is olivia
    operators.sign_out(platform, token)
    platform.expire_all()
    assert operators.signed_in(platform, token) is None


def test_a_made_up_token_names_nobody(platform):
    assert operators.signed_in(platform, "made up") is None


def test_a_sign_in_lasts_twelve_hours(platform, olivia, travel):
    _operator, token = operators.sign_in(platform, **SIGN_IN)
    platform.flush()
    travel(timedelta(hours=11))
    assert operators.signed_in(platform, token) is olivia
    travel(timedelta(hours=2))
    assert operators.signed_in(platform, token) is None


@pytest.mark.parametrize("wrong", [{"password": "not it"}, {"email": "nobody@frontdesk.example"}])
def test_a_wrong_secret_is_refused_and_after_five_so_is_the_right_one(platform, olivia, wrong):
    for _try in range(5):
        with pytest.raises(WrongSecret):
            operators.sign_in(platform, **{**SIGN_IN, **wrong})
    with pytest.raises(TooManyTries):
        operators.sign_in(platform, **{**SIGN_IN, "email": wrong.get("email", SIGN_IN["email"])})
