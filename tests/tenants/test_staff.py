"""Staff of a tenant."""

import pytest

from kernel.actors import SYSTEM
from kernel.errors import InvalidField
from tenants import staff
from tenants.permissions import GRANTED, Permission, Role


def test_somebody_new_can_be_found_by_their_address_however_it_is_written(session, make_staff):
    member = make_staff(email="Sam.Agent@Alpha.example", name="Sam")
    assert member.email == "sam.agent@alpha.example"
    assert staff.by_email(session, " SAM.agent@alpha.EXAMPLE ") is member


@pytest.mark.parametrize("email", ["", "x", "a@", "@b.example", "a b@c.example", "a@b", "a@b.example\n", "a@b..example"])
def test_what_is_no_address_is_refused(session, email):
    if email.strip() != email:
        assert staff.mail_address(email) == email.strip()
        return
    with pytest.raises(InvalidField) as refusal:
        staff.mail_address(email)
    assert refusal.value.field == "email"


def test_one_address_works_here_once(session, make_staff):
    make_staff(email="sam@alpha.example")
    with pytest.raises(staff.StaffMemberExists, match="already works here"):
        make_staff(email="SAM@alpha.example")


def test_staff_are_listed_by_the_sound_of_their_names(session, make_staff):
    for name in ("王小明", "Bob", "陈伟", "anna"):
        make_staff(name=name)
    assert [member.name for member in staff.active(session)] == ["anna", "Bob", "陈伟", "王小明"]


def test_work_is_given_to_those_who_may_answer(session, make_staff):
    for role in Role:
        make_staff(name=str(role), role=role)
    assert {member.name for member in staff.assignable(session)} == {"admin", "manager", "agent"}
    assert {member.name for member in staff.with_permission(session, Permission.STAFF_MANAGE)} == {"admin"}


def test_who_has_left_is_not_signed_in_and_gets_no_work_but_keeps_the_name_on_what_they_did(session, make_staff):
    member = make_staff(name="Sam")
    member.is_active = False
    session.flush()
    assert staff.signed_in(session, member.id) is None
    assert staff.active(session) == []
    assert staff.named(session, {member.id})[member.id].name == "Sam"
    assert staff.named(session, set()) == {}


def test_each_role_may_all_that_the_role_below_it_may():
    assert GRANTED[Role.VIEWER] < GRANTED[Role.AGENT] < GRANTED[Role.MANAGER] < GRANTED[Role.ADMIN]


def test_no_staff_role_operates_the_platform():
    assert all(Permission.PLATFORM_OPERATE not in granted for granted in GRANTED.values())


def test_a_member_acts_with_the_rights_of_their_role(make_staff):
    actor = make_staff(name="Sam", role=Role.VIEWER, language="zh_Hant").as_actor()
    assert actor.may(Permission.TICKET_READ)
    assert not actor.may(Permission.TICKET_WRITE)
    assert (actor.kind, actor.name, actor.language.code, actor.is_staff) == ("staff", "Sam", "zh_Hant", True)


def test_the_desk_speaks_the_language_a_member_chose(session, make_staff):
    member = make_staff()
    staff.speak(session, member, language="zh_Hans")
    assert member.as_actor().language.code == "zh_Hans"


def test_a_second_tenant_knows_none_of_them(alpha, beta, in_tenant):
    with in_tenant(alpha) as session:
        staff.add(session, email="sam@alpha.example", name="Sam", role=Role.AGENT, actor=SYSTEM)
    with in_tenant(beta) as session:
        assert staff.by_email(session, "sam@alpha.example") is None
        assert staff.active(session) == []
