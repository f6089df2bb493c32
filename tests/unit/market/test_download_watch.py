"""Writing down who can withdraw, and what the notes say later: freezes as long as they can have been."""

import pytest
import yaml

from basisbt.config import load
from basisbt.errors import DataError
from basisbt.market.download.freezes import fragment
from basisbt.market.download.watch import look, read_table
from tests.support.places import ROOT

MINUTE = 60_000
NOON = 1_697_803_200_000  # 2023-10-20T12:00Z


class Told:
    """A client of a venue that says what it is told to say; time in minutes after noon."""

    name, version, host = "gate", "4.5.90", "api.example.com"

    def __init__(self, minute, flags, status="ok", venue="okx"):
        self.now, self.venue, self.status = NOON + minute * MINUTE, venue, status
        self.currencies = {}
        for (asset, network), (deposit, withdraw) in flags.items():
            coin = self.currencies.setdefault(asset, {"deposit": False, "withdraw": False, "networks": {}})
            coin["networks"][network] = {"deposit": deposit, "withdraw": withdraw}
            coin["deposit"], coin["withdraw"] = coin["deposit"] or deposit, coin["withdraw"] or withdraw

    def has(self, feature):
        return self.status is not None

    def call(self, method, what):
        return {"status": self.status}


OPEN, SHUT, DEPOSITS_ONLY = (True, True), (False, False), (True, False)
TRON, ETHER = ("USDT", "TRC20"), ("USDT", "ERC20")


def watched(folder, *looks, venue="okx"):
    for minute, tron, ether in looks:
        look(folder, Told(minute, {TRON: tron, ETHER: ether}, venue=venue))


def events(folder):
    return yaml.safe_load(fragment(folder, []))["tail"]["script"]


def test_a_look_writes_what_changed_and_that_it_looked(tmp_path):
    watched(tmp_path, (0, OPEN, OPEN), (10, OPEN, OPEN), (20, DEPOSITS_ONLY, OPEN))
    rows = [(row.time - NOON, *row[1:]) for row in read_table(tmp_path / "okx" / "status.parquet")]
    assert rows == [
        (0, "", "", None, None, "ok"),
        (0, "USDT", "", True, True, ""), (0, "USDT", "ERC20", True, True, ""), (0, "USDT", "TRC20", True, True, ""),
        (10 * MINUTE, "", "", None, None, "ok"),
        (20 * MINUTE, "", "", None, None, "ok"), (20 * MINUTE, "USDT", "TRC20", True, False, ""),
    ]  # fmt: skip


def test_a_freeze_lasts_from_the_last_look_that_showed_it_open_to_the_first_that_did_again(tmp_path):
    watched(tmp_path, (0, OPEN, OPEN), (10, DEPOSITS_ONLY, OPEN), (20, DEPOSITS_ONLY, OPEN), (30, OPEN, OPEN))
    assert list(events(tmp_path).values()) == [
        {"event": "withdrawal_freeze", "venue": "okx", "at": "2023-10-20T12:00Z", "until": "2023-10-20T12:30Z",
         "asset": "USDT", "network": "TRC20"}
    ]  # fmt: skip
    comment = "# open at 2023-10-20T12:00Z; shut from 2023-10-20T12:10Z to 2023-10-20T12:20Z; open at 2023-10-20T12:30Z"
    assert comment in fragment(tmp_path, []) and "the longest that the freeze can have been" in fragment(tmp_path, [])


def test_a_freeze_that_has_not_ended_is_for_good_and_one_that_was_there_first_starts_there(tmp_path):
    watched(tmp_path, (0, DEPOSITS_ONLY, OPEN), (10, OPEN, DEPOSITS_ONLY), (20, OPEN, DEPOSITS_ONLY))
    ether, tron = events(tmp_path).values()
    assert (tron["at"], tron["until"]) == ("2023-10-20T12:00Z", "2023-10-20T12:10Z")
    assert ether["at"] == "2023-10-20T12:00Z" and "until" not in ether


def test_all_networks_shut_at_once_is_one_freeze_of_the_asset_and_deposits_too_if_they_were(tmp_path):
    watched(tmp_path, (0, OPEN, OPEN), (10, SHUT, SHUT), (20, OPEN, OPEN))
    (only,) = events(tmp_path).values()
    assert only["asset"] == "USDT" and "network" not in only and only["deposits"] == "shut"


def test_two_freezes_of_one_network_are_two(tmp_path):
    watched(tmp_path, (0, OPEN, OPEN), (10, DEPOSITS_ONLY, OPEN), (20, OPEN, OPEN), (30, DEPOSITS_ONLY, OPEN), (40, OPEN, OPEN))
    spans = [(each["at"][-6:-1], each["until"][-6:-1]) for each in events(tmp_path).values()]
    assert spans == [("12:00", "12:20"), ("12:20", "12:40")]


def test_a_network_that_vanishes_while_shut_was_never_seen_open_again(tmp_path):
    watched(tmp_path, (0, OPEN, OPEN), (10, DEPOSITS_ONLY, OPEN))
    look(tmp_path, Told(20, {ETHER: OPEN}))
    (only,) = events(tmp_path).values()
    assert "until" not in only


def test_a_venue_that_needs_keys_for_flags_is_still_watched_for_its_status_and_says_so(tmp_path):
    seen = look(tmp_path, Told(0, {}, status="maintenance"))
    assert seen.rows == 1 and seen.notes == ["okx deposit and withdrawal flags: only with keys, or not at all"]
    assert "none was seen" in fragment(tmp_path, [])
    with pytest.raises(DataError, match="nothing to watch"):
        look(tmp_path, Told(10, {}, status=None))


def test_a_table_that_was_cut_is_an_error_and_stays(tmp_path):
    watched(tmp_path, (0, OPEN, OPEN))
    path = tmp_path / "okx" / "status.parquet"
    path.write_bytes(path.read_bytes()[:-50])
    broken = path.read_bytes()
    with pytest.raises(DataError, match="cannot be read"):
        watched(tmp_path, (10, OPEN, OPEN))
    assert path.read_bytes() == broken


def test_what_was_recorded_extends_a_config_and_is_accepted(tmp_path):
    watched(tmp_path, (0, OPEN, OPEN), (10, SHUT, SHUT), (20, OPEN, DEPOSITS_ONLY), (30, OPEN, OPEN))
    (tmp_path / "freezes.yaml").write_text(fragment(tmp_path, ["okx"]))
    config = tmp_path / "mine.yaml"
    first = ROOT / "configs" / "runs" / "01_btc_carry.yaml"
    config.write_text(f"schema: 1\nname: mine\nextends: [{first}, freezes.yaml]\n")
    script = load(config).spec.tail.script
    assert len(script) == 3 and script["freeze"].venue == "okx"  # the config's own, and two that were recorded
    assert script["okx_usdt_202310201200"].at == NOON // 1000 and script["okx_usdt_202310201200"].end == NOON // 1000 + 1200
    assert script["okx_usdt_erc20_202310201200"].network == "ERC20"


def test_without_a_table_the_error_says_who_writes_it(tmp_path):
    with pytest.raises(DataError, match="gate/status.parquet: not there; .basisbt download --watch-status. writes it"):
        fragment(tmp_path, ["gate"])
