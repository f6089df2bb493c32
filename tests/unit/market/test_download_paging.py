"""Paging against venues made of a list: whatever the habit and however short the pages, the rows are the list's."""

import random

import numpy as np
import pytest

from basisbt.errors import DataError
from basisbt.market.download.paging import Pace, Walk
from basisbt.market.download.rows import Rows, holes, join, tidy

HOUR = 3_600_000


class ListVenue:
    """A venue that has these times and nothing else. side: which end of what is asked a full page holds."""

    def __init__(self, times, side="oldest", limit=10, short=None, ignores=()):
        self.rows = Rows(np.array(times, np.int64), np.array(times, float)[:, None])
        self.side, self.limit, self.short, self.ignores, self.asked = side, limit, short, ignores, 0

    def ask(self, start, stop):
        self.asked += 1
        start = 0 if "start" in self.ignores else start
        found = self.rows.between(start, 1 << 60 if "stop" in self.ignores else stop)
        size = self.limit if self.short is None else self.short.randint(1, self.limit)
        cut = slice(0, size) if self.side == "oldest" else slice(-size, None)
        return Rows(found.time[cut], found.values[cut])


def walked(venue, begin, end, step=0, last=None, rows=10):
    walk = Walk(venue.ask, Pace(rows, step, 1 << 53), ("value",), "here")
    return join([page.rows for page in walk.pages(begin, end, last)], ("value",), "here").time.tolist()


EIGHT_FOUR_ONE = [*range(0, 400, 8), *range(400, 600, 4), *range(600, 900)]  # hours


@pytest.mark.parametrize("side", ["oldest", "newest"])
@pytest.mark.parametrize("short", [None, 7])
def test_an_interval_that_shrinks_from_8_to_4_to_1_hours_loses_no_settlement(side, short):
    times = [h * HOUR for h in EIGHT_FOUR_ONE]
    venue = ListVenue(times, side, short=None if short is None else random.Random(short))
    assert walked(venue, 0, 1000 * HOUR) == times


@pytest.mark.parametrize("seed", range(60))
def test_any_habit_any_holes_any_short_pages_give_the_venues_rows(seed):
    chance = random.Random(seed)
    step = chance.choice([0, HOUR])
    hours = sorted(chance.sample(range(2000), chance.randint(1, 600)))  # mostly holes
    if chance.random() < 0.5:
        hours = list(range(hours[0], hours[0] + len(hours)))  # none
    times = [h * HOUR for h in hours]
    begin, end = sorted(chance.sample(range(2200), 2))
    ignores = chance.choice([(), (), ("stop",)]) if (side := chance.choice(["oldest", "newest"])) == "oldest" else chance.choice([(), ("start",)])  # fmt: skip
    venue = ListVenue(times, side, chance.randint(2, 50), random.Random(seed) if chance.random() < 0.5 else None, ignores)
    expected = [t for t in times if begin * HOUR <= t < end * HOUR]
    assert walked(venue, begin * HOUR, end * HOUR, step, rows=chance.randint(2, 60)) == expected


def test_a_walk_from_a_known_row_returns_it_too_so_that_it_can_be_compared():
    venue = ListVenue([h * HOUR for h in range(50)])
    assert walked(venue, 20 * HOUR, 30 * HOUR, HOUR, last=20 * HOUR) == [h * HOUR for h in range(20, 30)]


def test_a_row_that_the_venue_no_longer_has_does_not_stop_the_walk():
    venue = ListVenue([h * HOUR for h in range(30, 50)], "newest")
    assert walked(venue, 10 * HOUR, 50 * HOUR, HOUR, last=10 * HOUR) == [h * HOUR for h in range(30, 50)]


def test_a_venue_that_always_gives_its_newest_page_is_left_after_a_bounded_number_of_questions():
    venue = ListVenue([h * HOUR for h in range(5000)], "newest", ignores=("start", "stop"))
    assert walked(venue, 0, 5000 * HOUR, HOUR) == [h * HOUR for h in range(4990, 5000)]
    assert venue.asked < 2 * 5000 / 9 + 10  # twice a window of nine hours


def test_no_more_questions_than_needed_where_pages_are_full():
    """990 bars, 10 a page that repeat one: 110 pages; and no question about what is after the last bar."""
    venue = ListVenue([h * HOUR for h in range(991)])
    assert len(walked(venue, 0, 991 * HOUR, HOUR)) == 991
    assert venue.asked == 110


def test_two_rows_for_one_time_that_differ_are_an_error_and_equal_ones_are_one():
    assert tidy([[2, 5.0], [1, 4.0], [2, 5.0]], ("x",), "here").time.tolist() == [1, 2]
    with pytest.raises(DataError, match=r"here: two rows for 1970-01-01T00:00:02Z: x 5.0 and 6.0; expected one"):
        tidy([[2000, 5.0], [1000, 4.0], [2000, 6.0]], ("x",), "here")


def test_holes_are_missing_bars_and_settlements_further_apart_than_on_both_sides():
    hours = np.array([0, 1, 2, 5, 6]) * HOUR
    assert holes(hours, HOUR) == [(2 * HOUR, 5 * HOUR)]
    settled = np.array([0, 8, 16, 24, 28, 32, 33, 34, 35]) * HOUR  # the interval shrinks: no hole
    assert holes(settled, 0) == []
    assert holes(np.array([0, 8, 16, 40, 48]) * HOUR, 0) == [(16 * HOUR, 40 * HOUR)]
