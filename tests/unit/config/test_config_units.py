"""Human units, and the sentence a wrong one gets."""

import pytest

from basisbt import units
from basisbt.units import Money

READ = [
    (units.parse_fraction, "8%", 0.08), (units.parse_fraction, "2bps", 0.0002), (units.parse_fraction, 0.08, 0.08),
    (units.parse_fraction, "+30%", 0.3), (units.parse_fraction, "-0.3%", -0.003), (units.parse_fraction, 1, 1.0),
    (units.parse_fraction, " 5 % ", 0.05), (units.parse_fraction, "0.08", 0.08),
    (units.parse_rate, "5%/y", 0.05), (units.parse_rate, "5% / y", 0.05), (units.parse_rate, "8%", 0.08),
    (units.parse_rate, 0.05, 0.05),
    (units.parse_duration, "45s", 45), (units.parse_duration, "30m", 1800), (units.parse_duration, "8h", 28_800),
    (units.parse_duration, "3d", 259_200), (units.parse_duration, "1w", 604_800), (units.parse_duration, "1.5h", 5400),
    (units.parse_duration, 0, 0), (units.parse_duration, "0s", 0),
    (units.parse_leverage, "3x", 3.0), (units.parse_leverage, 3, 3.0), (units.parse_leverage, "2.5x", 2.5),
    (units.parse_money, "1_000_000 USDT", Money(1e6, "USDT")), (units.parse_money, "0.5 BTC", Money(0.5, "BTC")),
    (units.parse_money, "1e6 USD", Money(1e6, "USD")),
    (units.parse_time, "1970-01-02", 86_400), (units.parse_time, "19700102", 86_400),
    (units.parse_time, 19700102, 86_400),
    (units.parse_time, "1970-01-01T01:00Z", 3600), (units.parse_time, "1970-01-01 01:00", 3600),
    (units.parse_time, "1970-01-01T01:00:30+01:00", 30),
    (units.parse_window, ["1970-01-01", "1970-01-02"], (0, 86_400)),
    (units.parse_window, "19700101-19700102", (0, 86_400)),
    (units.parse_number, "1_000", 1000.0), (units.parse_number, 5, 5.0),
]  # fmt: skip

REFUSED = [
    (units.parse_fraction, ["8 percent", "%", "", "8%%", True, None, [], {}, "1,5%", "nan", "inf", 10**400, "1__0%"]),
    (units.parse_rate, ["5%/d", "5%/", "/y", None, "y", "5/%y"]),
    (units.parse_duration, ["8", 8, -1, "-8h", "8 hours", "8M", "h", "1h30m", "0.1s", "1e9d", None, True, []]),
    (units.parse_leverage, ["3y", "x", 0, "-3x", None, True, [], "3xx"]),
    (units.parse_money, ["5", 5, "USDT", "1,000 USDT", "1 000 USDT", "5 $", None, [], "nan USDT"]),
    (units.parse_time, ["tomorrow", "2023", "2023-1-1", "2023-02-30", "2023-W01", 1.5, True, None, "2023-01-01T25:00",
                        "0001-01-01T00:00+14:00", 10**12, "20231301"]),
    (units.parse_window, ["2023", ["2023-01-01"], ["2023-01-02", "2023-01-01"], ["2023-01-01"] * 2, None, 5, {}]),
]  # fmt: skip


@pytest.mark.parametrize(("parse", "written", "value"), READ)
def test_a_unit_is_read(parse, written, value):
    assert parse(written) == value


@pytest.mark.parametrize(("parse", "written"), [(parse, text) for parse, texts in REFUSED for text in texts])
def test_anything_else_says_what_was_found_and_what_was_expected(parse, written):
    with pytest.raises(ValueError, match=r"(?s)found .*; expected "):
        parse(written)


def test_names_are_read_back():
    for seconds in (0, 1, 60, 5400, 28_800, 86_400, 604_800):
        assert units.parse_duration(units.duration_name(seconds)) == seconds
    assert units.duration_name(28_800) == "8h"
    for moment in (0, 86_400, 3600, 1_698_019_230):
        assert units.parse_time(units.time_name(moment)) == moment
