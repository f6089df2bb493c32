"""The check of a directory: every series by itself, then beside the others of its coin.

Knows the order and what is not asked of a series that is broken already. Reads files, writes none.
"""

from collections import defaultdict
from pathlib import Path

from basisbt.errors import DataError
from basisbt.market.checks.finding import ERROR, NOTE, SEVERITIES, Finding
from basisbt.market.checks.peers import check_peers
from basisbt.market.checks.rates import check_rates
from basisbt.market.checks.series import Series, read_directory
from basisbt.market.checks.shape import check_shape


def check_directory(directory: Path, venue: str = "", symbol: str = "") -> tuple[list[Finding], list[Series]]:
    """(findings, worst first, series that were read). Raises DataError where there is nothing to check.

    venue, symbol: findings about these only; the others are still what they are compared with.
    """
    directory = Path(directory)
    series, unread = read_directory(directory)
    if not series and not unread:
        raise DataError(f"{directory}: no series there; expected <venue>/<symbol>/trade_1h.parquet and the like")
    found = [
        Finding(ERROR, each.venue, each.symbol, each.name, "unreadable", 0, 0, 0.0, each.reason) if each.reason
        else Finding(NOTE, each.venue, each.symbol, each.name, "not checked", 0, 0, 0.0, "no rule knows this series")
        for each in unread
    ]  # fmt: skip
    broken, by_coin = set(), defaultdict(list)
    for each in series:
        own = check_shape(each, int(each.path.stat().st_mtime))
        if not any(finding.kind in ("order", "grid", "prices") for finding in own):
            if each.kind == "funding":
                own += check_rates(each)
            else:
                by_coin[each.base].append(each)
        else:
            broken.add(each.where)
        found += own
    for coin in by_coin.values():
        found += check_peers(coin)
    wanted = [f for f in found if (not venue or f.venue == venue) and (not symbol or f.symbol == symbol)]
    order = {name: k for k, name in enumerate(SEVERITIES)}
    return sorted(wanted, key=lambda f: (order[f.severity], f.venue, f.symbol, f.series, f.kind, -f.size)), series
