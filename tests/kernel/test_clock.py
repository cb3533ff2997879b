"""One clock for all processes, that can be moved in demo and test mode."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kernel import clock, settings


def test_the_present_is_aware_and_in_utc(house):
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=2)


def test_the_clock_moves_forward_by_what_it_is_told_and_again(house):
    clock.advance(timedelta(days=3))
    clock.advance(timedelta(hours=2))
    assert timedelta(days=3, hours=1, minutes=59) <= clock.now() - datetime.now(UTC) < timedelta(days=3, hours=2, seconds=2)


def test_the_clock_does_not_go_back(house):
    with pytest.raises(ValueError, match="forward"):
        clock.advance(timedelta(seconds=-1))


def test_other_processes_see_the_moved_clock(house):
    clock.advance(timedelta(days=400))
    code = "from kernel import clock; print(clock.now().isoformat())"
    environment = {"FRONTDESK_HOME": str(house.home), "FRONTDESK_MODE": "test"}
    seen = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    assert abs(datetime.fromisoformat(seen.stdout.strip()) - clock.now()) < timedelta(seconds=10)


def test_in_production_the_clock_cannot_be_moved_and_an_old_offset_does_not_count(house):
    clock.advance(timedelta(days=1))
    settings.use(replace(house, mode="production"))
    try:
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=2)
        with pytest.raises(PermissionError):
            clock.advance(timedelta(days=1))
    finally:
        settings.use(house)


def test_the_past_can_be_lived_through_for_a_block(house):
    moment = datetime(2020, 2, 29, 12, tzinfo=UTC)
    with clock.set_to(moment):
        assert clock.now() == moment
    assert clock.now() > moment + timedelta(days=365)
