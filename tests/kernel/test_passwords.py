"""Passwords and one-time secrets."""

import threading

import pytest

from kernel import passwords
from kernel.passwords import PasswordTooShort


def test_the_right_password_is_right_and_any_other_is_not():
    hashed = passwords.hash_password("a long enough password")
    assert passwords.is_right(hashed, "a long enough password")
    assert not passwords.is_right(hashed, "a long enough passwore")
    assert not passwords.is_right(hashed, "")


def test_passwords_of_every_script_and_length_work():
    for password in ("密碼密碼密碼密碼密碼", "🔑" * 12, "x" * 5000):
        assert passwords.is_right(passwords.hash_password(password), password)


def test_nobody_has_no_right_password():
    assert not passwords.is_right(None, "nobody has this password")
    assert not passwords.is_right(None, "")


def test_a_damaged_hash_fits_no_password():
    assert not passwords.is_right("not a hash", "a long enough password")
    assert not passwords.is_right("", "")


def test_two_hashes_of_one_password_differ():
    assert passwords.hash_password("same") != passwords.hash_password("same")


def test_hashes_are_argon2id_with_at_least_the_memory_that_owasp_asks_for():
    assert passwords.hash_password("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_code_is_six_digits_zeros_included():
    codes = {passwords.new_code() for _code in range(300)}
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    assert len(codes) > 290


def test_tokens_are_long_and_differ():
    tokens = {passwords.new_token() for _token in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 for token in tokens)


def test_what_is_stored_does_not_tell_the_secret():
    token = passwords.new_token()
    assert token not in passwords.digest(token)
    assert passwords.digest(token) == passwords.digest(token)


def test_secrets_are_compared_whole():
    assert passwords.same("abc", "abc")
    assert not passwords.same("abc", "abd")
    assert not passwords.same("abc", "abcd")
    assert not passwords.same("é", "e")


def test_a_crowd_of_sign_ins_queues_and_all_are_answered():
    hashed = passwords.hash_password("crowd password")
    answers = []
    crowd = [threading.Thread(target=lambda: answers.append(passwords.is_right(hashed, "crowd password"))) for _one in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert answers == [True] * 8


def test_a_password_has_at_least_ten_characters():
    passwords.check("x" * 10)
    with pytest.raises(PasswordTooShort):
        passwords.check("x" * 9)
