"""Sign-ins of browsers, tries that grow slow, one-time codes and links."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel.actors import SYSTEM, VISITOR
from kernel.errors import NotFound
from tenants import sign_ins, staff
from tenants.models import SignIn, SignInCode
from tenants.sign_ins import CodeRefused, TooManyTries

MEI = "mei@mail.example"


def _ask(session, email=MEI):
    return sign_ins.ask_for_code(session, email=email, language="en", return_to="", actor=VISITOR)


@pytest.fixture
def code(alpha, in_tenant):
    """A code and link that Mei has asked for and her mail has made."""
    with in_tenant(alpha) as session:
        return sign_ins.make_code(_ask(session))


def test_a_token_names_who_is_signed_in(session):
    token = sign_ins.open_sign_in(session, face="desk", person_id=7)
    assert sign_ins.person_signed_in(session, face="desk", token=token) == 7


def test_who_is_signed_in_at_the_desk_is_read_along(alpha, in_tenant, count_statements):
    with in_tenant(alpha) as session:
        facts = {"email": "reader@alpha.example", "name": "Rita", "role": "agent", "actor": SYSTEM}
        member = staff.add(session, **facts)
        token = sign_ins.open_sign_in(session, face="desk", person_id=member.id)
    with in_tenant(alpha) as session, count_statements() as seen:
        staff_id = sign_ins.person_signed_in(session, face="desk", token=token)
        assert staff.signed_in(session, staff_id).email == "reader@alpha.example"
    assert len(seen) == 1


def test_a_token_is_worth_nothing_at_the_other_face(session):
    token = sign_ins.open_sign_in(session, face="desk", person_id=7)
    assert sign_ins.person_signed_in(session, face="portal", token=token) is None


def test_a_token_is_worth_nothing_at_another_tenant(alpha, beta, in_tenant):
    with in_tenant(alpha) as session:
        token = sign_ins.open_sign_in(session, face="desk", person_id=7)
    with in_tenant(beta) as session:
        assert sign_ins.person_signed_in(session, face="desk", token=token) is None


def test_the_table_does_not_hold_the_token(session):
    token = sign_ins.open_sign_in(session, face="desk", person_id=7)
    session.flush()
    assert token not in session.scalars(select(SignIn.token_digest)).all()


def test_an_unknown_token_names_nobody(session):
    assert sign_ins.person_signed_in(session, face="desk", token="made up") is None


def test_a_sign_in_ends_when_it_is_ended(session):
    token = sign_ins.open_sign_in(session, face="desk", person_id=7)
    sign_ins.end_sign_in(session, token)
    assert sign_ins.person_signed_in(session, face="desk", token=token) is None


def test_a_sign_in_ends_after_thirty_days_unseen_and_every_visit_renews_it(session, travel):
    token = sign_ins.open_sign_in(session, face="desk", person_id=7)
    for _month in range(3):
        travel(timedelta(days=29))
        assert sign_ins.person_signed_in(session, face="desk", token=token) == 7
    travel(timedelta(days=31))
    assert sign_ins.person_signed_in(session, face="desk", token=token) is None


def test_signing_out_everywhere_may_leave_the_browser_at_hand(session):
    here, there = (sign_ins.open_sign_in(session, face="desk", person_id=7) for _browser in range(2))
    other = sign_ins.open_sign_in(session, face="desk", person_id=8)
    sign_ins.end_all(session, face="desk", person_id=7, but=here)
    signed_in = [sign_ins.person_signed_in(session, face="desk", token=token) for token in (here, there, other)]
    assert signed_in == [7, None, 8]
    assert len(sign_ins.open_sign_ins(session, face="desk", person_id=7)) == 1


def test_nobody_ends_the_sign_in_of_somebody_else(session):
    sign_ins.open_sign_in(session, face="desk", person_id=7)
    digest = sign_ins.open_sign_ins(session, face="desk", person_id=7)[0].token_digest
    with pytest.raises(NotFound):
        sign_ins.end_one(session, face="desk", person_id=8, token_digest=digest)
    sign_ins.end_one(session, face="desk", person_id=7, token_digest=digest)
    assert sign_ins.open_sign_ins(session, face="desk", person_id=7) == []


def test_guessing_at_an_account_stops_after_five_tries_for_a_quarter_of_an_hour(session, travel):
    for _try in range(5):
        sign_ins.check_tries(session, account="a", address="n")
        sign_ins.note_failed_try(session, account="a", address="n")
    with pytest.raises(TooManyTries):
        sign_ins.check_tries(session, account="a", address="elsewhere")
    sign_ins.check_tries(session, account="b", address="n")
    travel(timedelta(minutes=16))
    sign_ins.check_tries(session, account="a", address="n")


def test_guessing_at_many_accounts_from_one_place_stops_too(session):
    for number in range(50):
        sign_ins.note_failed_try(session, account=f"a{number}", address="n")
    with pytest.raises(TooManyTries):
        sign_ins.check_tries(session, account="fresh", address="n")


def test_a_failed_try_counts_although_the_page_that_refuses_it_keeps_nothing(alpha, in_tenant):
    def fail():
        with in_tenant(alpha) as session:
            sign_ins.note_failed_try(session, account="a", address="n")
            raise LookupError

    for _try in range(5):
        with pytest.raises(LookupError):
            fail()
    with in_tenant(alpha) as session, pytest.raises(TooManyTries):
        sign_ins.check_tries(session, account="a", address="n")


def test_a_right_code_signs_in_once(alpha, in_tenant, code):
    with in_tenant(alpha) as session:
        assert sign_ins.use_code(session, MEI, f" {code.code} ")
    with in_tenant(alpha) as session:
        assert not sign_ins.use_code(session, MEI, code.code)
        with pytest.raises(CodeRefused):
            sign_ins.use_link(session, code.token)


def test_a_link_signs_in_once_and_looking_at_it_does_not_use_it_up(alpha, in_tenant, code):
    with in_tenant(alpha) as session:
        assert sign_ins.open_link(session, code.token).email == MEI
    with in_tenant(alpha) as session:
        assert sign_ins.use_link(session, code.token) == MEI
    with in_tenant(alpha) as session:
        assert sign_ins.open_link(session, code.token) is None
        with pytest.raises(CodeRefused):
            sign_ins.use_link(session, code.token)


def test_a_code_is_worth_nothing_for_another_address(alpha, in_tenant, code):
    with in_tenant(alpha) as session:
        assert not sign_ins.use_code(session, "ann@mail.example", code.code)


def test_a_code_and_its_link_expire_after_fifteen_minutes(alpha, in_tenant, code, travel):
    travel(timedelta(minutes=15, seconds=1))
    with in_tenant(alpha) as session:
        assert not sign_ins.use_code(session, MEI, code.code)
        with pytest.raises(CodeRefused):
            sign_ins.use_link(session, code.token)


def test_five_wrong_tries_void_every_open_code_of_an_address(alpha, in_tenant, code):
    wrong = "000000" if code.code != "000000" else "000001"
    for _try in range(5):
        with in_tenant(alpha) as session:
            assert not sign_ins.use_code(session, MEI, wrong)
    with in_tenant(alpha) as session:
        assert not sign_ins.use_code(session, MEI, code.code)


def test_five_mails_with_codes_in_a_quarter_of_an_hour_are_enough(session, travel):
    for _time in range(5):
        _ask(session)
    with pytest.raises(TooManyTries):
        _ask(session)
    _ask(session, "ann@mail.example")
    travel(timedelta(minutes=16))
    _ask(session)


def test_a_mail_written_twice_leaves_only_its_last_code_good(alpha, in_tenant, code):
    with in_tenant(alpha) as session:
        second = sign_ins.make_code(session.scalars(select(SignInCode)).one())
    with in_tenant(alpha) as session:
        assert code.code == second.code or not sign_ins.use_code(session, MEI, code.code)
        assert sign_ins.use_code(session, MEI, second.code)


def test_the_table_holds_neither_code_nor_link(alpha, in_tenant, code):
    with in_tenant(alpha) as session:
        row = session.scalars(select(SignInCode)).one()
    assert code.code not in str(row.code_digest)
    assert code.token not in str(row.link_digest)
