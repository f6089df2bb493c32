"""Each patch of Backtrader is still needed: these fail on the day upstream mends what a patch mends."""

import inspect
import subprocess
import sys

import backtrader as bt
from backtrader.linebuffer import LineBuffer

from basisbt.engines.backtrader.compat import Clock, patch, share, unshare

BINDLINES = """
import backtrader as bt
{patch}
class Twice(bt.Indicator):
    lines = ("twice",)
    def __init__(self):
        bt.indicators.SMA(self.data, period=2).bindlines()
class Holder(bt.Strategy):
    def __init__(self):
        self.twice = Twice(self.data)
import pandas as pd
cerebro = bt.Cerebro(stdstats=False)
frame = pd.DataFrame(dict(open=1.0, high=1.0, low=1.0, close=[1.0, 3.0, 5.0], volume=1.0),
                     index=pd.date_range("2024-01-01", periods=3))
cerebro.adddata(bt.feeds.PandasData(dataname=frame))
cerebro.addstrategy(Holder)
print(cerebro.run()[0].twice[0])
"""


def run_script(patching):
    code = BINDLINES.format(patch=patching)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_bindlines_is_broken_upstream():
    """`LineIterator.bindlines` asks for collections.Iterable, which Python 3.10 took away."""
    result = run_script("")
    assert result.returncode != 0
    assert "has no attribute 'Iterable'" in result.stderr


def test_bindlines_works_patched():
    """With the patch the bound line carries the moving average: (3 + 5) / 2."""
    result = run_script("from basisbt.engines.backtrader.compat import patch; patch()")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "4.0"


def test_the_loop_still_asks_for_utcnow():
    """Deprecated since Python 3.12 and called once a bar and feed: the warning filter is for this."""
    assert "utcnow()" in inspect.getsource(bt.Cerebro._runnext)


def test_patch_may_be_applied_twice():
    """It is applied by every make_cerebro."""
    patch()
    patch()


def test_a_line_keeps_its_position_to_itself_upstream():
    """Why lines are shared by changing their class: a LineBuffer's index is a property over its own field."""
    assert isinstance(LineBuffer.idx, property)
    assert LineBuffer.idx.fget is LineBuffer.get_idx


def test_shared_lines_stand_where_the_clock_stands():
    """One step of the clock moves every line; afterwards a line can be an ordinary one again."""
    clock, lines = Clock(), [LineBuffer(), LineBuffer()]
    for k, line in enumerate(lines):
        share(line, [10.0 + k, 20.0 + k, 30.0 + k], clock)
    clock.index = 1
    assert [line[0] for line in lines] == [20.0, 21.0]
    assert [line[-1] for line in lines] == [10.0, 11.0]
    assert [len(line) for line in lines] == [2, 2]
    assert list(lines[0].get(size=2)) == [10.0, 20.0]
    unshare(lines[0])
    assert type(lines[0]) is LineBuffer and len(lines[0]) == 0
