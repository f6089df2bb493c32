"""Venue weights from simulated carry: less where a venue fails more often, and the same on fresh paths."""

import pytest

from basisbt.errors import ConfigError
from basisbt.places import packaged
from basisbt.studies.allocate import allocate

FIVE = packaged("configs", "sweeps", "five_venues.yaml")
THREE = ["~venues.west", "~venues.centre"]


def weights(rate, **more):
    """Weights of the least ES 95 of three venues, where `north` defaults at this rate and the others at 3.1 % a year."""
    found = allocate(FIVE, [*THREE, f"venues.north.rates.venue_default={rate}"], level=0.95, paths=600, points=2, jobs=1,
                     **more)  # fmt: skip
    return found.points[0]


def test_the_more_often_a_venue_defaults_the_less_it_is_given():
    """Where all fail alike, a third each is best; the share falls with the rate and never rises."""
    found = [weights(rate) for rate in ("3.1%/y", "8%/y", "16%/y", "50%/y")]
    north = [point.weights["north"] for point in found]
    assert north[0] == pytest.approx(1 / 3, abs=0.05)
    assert all(later <= earlier + 1e-9 for earlier, later in zip(north, north[1:]))
    assert north[-1] == 0.0


def test_weights_are_run_as_they_are_shown():
    """Venues that do not touch each other: a fifth of the capital earns a fifth, up to lot sizes and costs of moving."""
    point = weights("8%/y", bounds={"south": (0.5, 0.5)})
    assert point.weights["south"] == pytest.approx(0.5, abs=1e-3) and sum(point.weights.values()) == pytest.approx(1.0)
    assert point.why == "" and point.run_es == pytest.approx(point.fresh_es, abs=0.005)
    assert point.run_carry == pytest.approx(point.fresh_carry, abs=0.002)


def test_a_wanted_carry_gives_one_point_and_more_than_there_is_is_refused():
    found = allocate(FIVE, THREE, level=0.95, paths=200, carry=0.02, jobs=1)
    assert [point.label for point in found.points] == ["wanted"] and found.points[0].carry >= 0.02 - 1e-4
    with pytest.raises(ConfigError, match="no weights within the bounds carry that much; over the window the most is"):
        allocate(FIVE, THREE, level=0.95, paths=200, carry=0.5, jobs=1)


def test_pairs_across_venues_cannot_be_weighed():
    with pytest.raises(ConfigError, match="long at north and short at south.*both legs of a pair at one venue"):
        allocate(FIVE, ["carry.layout={hub: north}"], paths=10)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"bounds": {"nowhere": (0.0, 1.0)}}, "no venue 'nowhere' with pairs; expected one of: north, south"),
        ({"bounds": {"*": (0.0, 0.2)}}, "weights cannot sum to 1: least 0, most 0.6"),
        ({"bounds": {"north": (0.5, 0.2)}}, "found 0.5..0.2, expected 0 <= least <= most <= 1"),
        ({"fresh_seed": 7}, "found 7, the seed of the paths to choose on; expected another"),
        ({"level": 1.0}, "--level: found 1, expected"),
    ],
)
def test_what_cannot_be_is_refused(more, text):
    with pytest.raises(ConfigError, match=text):
        allocate(FIVE, THREE, paths=10, **more)


def test_a_config_without_paths_is_refused():
    with pytest.raises(ConfigError, match="allocate needs sampled paths"):
        allocate(packaged("configs", "runs", "01_btc_carry.yaml"))
