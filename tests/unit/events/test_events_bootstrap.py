"""The resampled market: blocks, the time of day they keep, and prices that do not jump where they meet."""

import numpy as np
import pytest

from basisbt.events.bootstrap import Bootstrap

HOUR = 3600


def market(rows=240, bars=240, seconds=HOUR, mean=30 * HOUR, seed=5):
    rng = np.random.default_rng(2)
    opens = np.exp(rng.standard_normal((rows, 2)) * 0.1) * (100.0, 5.0)
    closes = opens * np.exp(rng.standard_normal((rows, 2)) * 0.02)
    return Bootstrap(np.arange(rows) * seconds, seconds, opens, closes, mean, bars, seed), opens, closes


def test_levels_by_hand():
    opens = np.array([[100.0], [110.0], [125.0], [80.0]])
    closes = np.array([[108.0], [120.0], [90.0], [88.0]])
    market = Bootstrap(np.arange(4) * 86400, 86400, opens, closes, 86400, 4, 1)
    # row 2 opens at 125, so 100 / 125 = 0.8; it closes at 0.8 x 90 = 72, where row 1 (open 110) goes on: 72 / 110;
    # row 1 closes at 120 x 72 / 110 = 78.5454..., where row 3 (open 80) goes on: 78.5454 / 80 = 0.981818
    level = market.levels(np.array([2, 1, 3]), np.array([0, 1, 2]))
    assert level[:, 0] == pytest.approx([0.8, 72.0 / 110.0, 0.9818181818])


def test_a_path_opens_where_history_did_and_never_jumps():
    m, opens, closes = market()
    row, joints, level = m.rows(1)
    assert joints[0] == 0 and joints.size > 3 and level.shape == (joints.size, 2)
    assert level[0] * opens[row[0]] == pytest.approx(opens[0])
    before, after = row[joints[1:] - 1], row[joints[1:]]
    assert level[1:] * opens[after] == pytest.approx(level[:-1] * closes[before])


@pytest.mark.parametrize("rows", [240, 250])
def test_every_bar_keeps_its_time_of_day_and_blocks_are_runs(rows):
    m, _, _ = market(rows=rows, bars=rows)
    for path in range(50):
        row, joints, _ = m.rows(path)
        assert row.dtype == np.int64 and row.size == rows and row.min() >= 0 and row.max() < rows
        assert (row % 24 == np.arange(rows) % 24).all()
        inside = np.setdiff1d(np.arange(1, rows), joints)
        assert (row[inside] == row[inside - 1] + 1).all()


def test_the_end_of_history_goes_on_at_its_beginning_and_is_a_joint():
    m, _, _ = market(rows=50, bars=48, mean=1e9)  # one block, far longer than history
    wrapped = 0
    for path in range(40):
        row, joints, _ = m.rows(path)
        for bar in joints[1:]:
            wrapped += 1
            assert row[bar - 1] == 49 and row[bar] == bar % 24
    assert wrapped > 10


def test_days_and_longer_have_no_clock_to_keep():
    m, _, _ = market(rows=30, bars=30, seconds=86400, mean=5 * 86400)
    assert len({m.rows(path)[0][0] for path in range(200)}) == 30


def test_history_shorter_than_the_times_of_day_of_a_path_is_refused():
    with pytest.raises(ValueError, match="10 bars of history"):
        market(rows=10, bars=30)
    row, _, _ = market(rows=10, bars=10)[0].rows(0)
    assert row.size == 10


def test_a_path_is_the_same_in_any_order():
    m, _, _ = market()
    first = m.rows(3)[0]
    m.rows(8)
    assert (m.rows(3)[0] == first).all() and (market()[0].rows(3)[0] == first).all()
    assert (market(seed=6)[0].rows(3)[0] != first).any()
