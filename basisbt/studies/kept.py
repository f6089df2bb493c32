"""What one process keeps between runs: markets, strategies and digests that many configs share.

Knows how long each is good for: as long as the process. A file that is edited meanwhile is noticed where it is a
strategy (by its content), not where it is market data: a sweep sees one market.
"""

import json
from collections import OrderedDict

from basisbt.market.panel import build_panel
from basisbt.studies.assemble import assemble
from basisbt.studies.history import loop_is_warm
from basisbt.studies.prepare import Prepared, obstacle_of, prepare_world, strategy_of

PANELS = 4  # markets in memory at once


class Kept:
    """Prepared panels (the latest few), imported strategies, what speaks against compiling them, digests of files."""

    def __init__(self):
        self.panels: OrderedDict[str, tuple] = OrderedDict()
        self.strategies: dict = {}
        self.typed: dict = {}
        self.obstacles: dict = {}
        self.known: dict[str, str] = {}
        self.tried: set[str] = set()

    def panel(self, request) -> tuple:
        """(panel, notes) of a request, loaded once."""
        key = repr(request)
        if key not in self.panels:
            self.panels[key] = build_panel(request)
        self.panels.move_to_end(key)
        while len(self.panels) > PANELS:
            self.panels.popitem(last=False)
        return self.panels[key]

    def strategy(self, resolved, call):
        """The strategy of a config; one file is imported once, one set of parameters typed once."""
        use, params, folders, venues, pairs = call
        key = (use, json.dumps(params, sort_keys=True, default=str), tuple(map(str, folders)), venues, pairs)
        stamp = self.typed.get(key)
        if stamp is None or stamp[0] != stamp_of(stamp[1].file):
            loaded = strategy_of(resolved, call, self.strategies)
            self.typed[key] = stamp_of(loaded.file), loaded
        return self.typed[key][1]

    def obstacle(self, loaded, engine: str) -> str:
        """Why a strategy is not compiled; empty when nothing speaks against it."""
        key = (loaded.file, loaded.digest, engine)
        if key not in self.obstacles:
            self.obstacles[key] = obstacle_of(loaded, engine)
        return self.obstacles[key]

    def digests(self, files) -> dict[str, str]:
        """Digest of each file, read once."""
        from basisbt.market.files import digest

        self.known |= digest(file for file in files if str(file) not in self.known)
        return {str(file): self.known[str(file)] for file in files}

    def prepared(self, resolved, call, engine: str) -> Prepared:
        """The config ready to run, history through the compiled loop where the strategy compiles."""
        loaded = self.strategy(resolved, call)
        why = self.obstacle(loaded, engine)
        direct = not why and engine == "compiled"
        prepared = prepare_world(resolved, "auto" if direct else engine, loaded, self.world(resolved, loaded), why)
        prepared.kept, prepared.engine_asked = self, engine
        if direct and (prepared.paths_compiled or loop_is_warm(loaded) or prepared.sample is None):
            prepared.direct, prepared.compiled, prepared.engine = True, True, "compiled"
        return prepared

    def world(self, resolved, loaded):
        """The world of a config, on a market that may be loaded already."""
        return assemble(resolved, loaded, self.panel)


def stamp_of(file) -> tuple:
    """When a file was last written, and its size."""
    state = file.stat()
    return state.st_mtime_ns, state.st_size
