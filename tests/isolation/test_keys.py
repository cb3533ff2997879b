"""Keys: what opens a door at one house or face opens none at another."""

from urllib.parse import urlsplit

import pyotp
import pytest

import wsgi
from kernel import clock
from tests.isolation.callers import Caller, caller_of
from tests.isolation.canaries import PASSWORD


def cookie_of(face: str, host: str, values: dict) -> str:
    app = wsgi.faces()[face]
    with app.test_request_context(base_url=f"http://{host}/"):
        value = app.session_interface.get_signing_serializer(app).dumps(values)
    return f"{app.config['SESSION_COOKIE_NAME']}={value}"


def test_half_a_sign_in_at_one_house_is_none_at_another(town):
    """Somebody whose own password was right may not go on as whoever has the same number next door."""
    secret = pyotp.random_base32()
    foreign, theirs = town.foreign, town.foreign.mine.id_of("staff_member")
    require = f"UPDATE \"{foreign.schema}\".staff_member SET totp_secret = '{secret}', totp_last_step = NULL".encode()
    town.broom.execute(require)
    half = {"second_step": [theirs, clock.now().isoformat()]}
    visitor = caller_of(foreign, "desk", "visitor")
    code = {"code": pyotp.TOTP(secret).at(clock.now())}
    at_home = visitor.ask("POST", "/desk/signin/second-step", cookies=cookie_of("desk", foreign.tenant.host, half), data=code)
    assert urlsplit(at_home.headers["Location"]).path == "/desk/"
    town.broom.execute(require)
    brought = visitor.ask("POST", "/desk/signin/second-step", cookies=cookie_of("desk", town.own.tenant.host, half), data=code)
    assert urlsplit(brought.headers["Location"]).path == "/desk/signin"


@pytest.mark.parametrize(("given", "shown", "path"), [("portal", "desk", "/desk/"), ("desk", "portal", "/account")])
def test_a_sign_in_of_one_face_is_none_at_the_other(town, given, shown, path):
    caller = caller_of(town.own, given, "customer" if given == "portal" else "admin")
    app = wsgi.faces()[shown]
    stolen = f"{app.config['SESSION_COOKIE_NAME']}={caller.cookie().partition('=')[2]}"
    answer = caller_of(town.own, shown, "visitor").ask("GET", path, cookies=stolen)
    assert answer.status_code == 303
    forged = Caller(caller.client, shown, "visitor", caller.host, caller.token).ask("GET", path)
    assert forged.status_code == 303


def test_an_operator_is_nobody_at_a_tenants_house(town):
    operator = caller_of(town.own, "operators", "operator")
    value = operator.cookie().partition("=")[2]
    for face, path in (("desk", "/desk/"), ("portal", "/account")):
        name = wsgi.faces()[face].config["SESSION_COOKIE_NAME"]
        answer = caller_of(town.own, face, "visitor").ask("GET", path, cookies=f"{name}={value}")
        assert answer.status_code == 303


def test_a_members_role_counts_from_the_next_request_on(town):
    caller = caller_of(town.own, "desk", "admin")
    form = {"subject": "Renamed", "version": "1"}
    town.give_role("viewer")
    assert caller.ask("POST", f"/desk/tickets/{town.own.mine.number}/subject", data=form).status_code == 403
    town.give_role("agent")
    assert caller.ask("POST", f"/desk/tickets/{town.own.mine.number}/subject", data=form).status_code == 303


@pytest.mark.parametrize(
    "ending",
    [
        "UPDATE {}.staff_member SET is_active = false",
        "UPDATE {}.sign_in SET ended_at = now()",
        "DELETE FROM {}.sign_in",
    ],
)
def test_who_has_left_or_was_signed_out_is_a_visitor_at_the_next_request(town, ending):
    caller = caller_of(town.own, "desk", "admin")
    assert caller.ask("GET", "/desk/").status_code == 200
    town.broom.execute(ending.format(f'"{town.own.schema}"').encode())
    assert caller.ask("GET", "/desk/").status_code == 303


def test_setting_a_password_ends_every_other_sign_in(town):
    caller = caller_of(town.own, "portal", "customer")
    assert caller.ask("POST", "/account/password", data={"password": "another long password"}).status_code == 303
    assert caller.ask("GET", "/account").status_code == 303


def test_the_right_password_of_one_house_is_wrong_at_another(town):
    visitor = caller_of(town.own, "desk", "visitor")
    for email, status in ((town.own.mine.email, 303), (town.foreign.mine.email, 422)):
        assert visitor.ask("POST", "/desk/signin", data={"email": email, "password": PASSWORD}).status_code == status
