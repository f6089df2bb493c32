"""Fewer points to draw, and every extreme among them."""

import numpy as np

from basisbt.report.html.page import script_json
from basisbt.report.html.thin import kept, thinned


def test_a_spike_of_one_bar_survives_thinning():
    values = np.sin(np.arange(100_000) / 500.0)
    values[77_777], values[12_345] = 50.0, -50.0
    at = kept(values, 1_000)
    assert len(at) <= 1_001 and {0, 12_345, 77_777, 99_999} <= set(at.tolist())


def test_a_short_line_is_drawn_whole_and_what_is_no_number_is_a_gap():
    times = np.array(["2023-01-01T00:00:00", "2023-01-01T08:00:00"], "datetime64[s]")
    assert thinned(times, [1.23456789, np.nan]) == (["2023-01-01 00:00:00", "2023-01-01 08:00:00"], [1.234568, None])


def test_text_in_a_script_cannot_end_it():
    assert "</script>" not in script_json({"name": "</script><b>", "line": "\u2028"})
