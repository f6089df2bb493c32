"""Where tests find things: the repository, the bundled sample, and real market data where this machine has it."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"
SHARED = ROOT.parent / "shared"
REAL = SHARED / "data"

needs_real_data = pytest.mark.skipif(not REAL.is_dir(), reason=f"real market data is not here ({REAL})")
