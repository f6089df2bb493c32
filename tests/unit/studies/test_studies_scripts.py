"""A script as people write them: no `if __name__ == "__main__":`, and workers all the same."""

import subprocess
import sys

from tests.support.places import ROOT
from tests.support.sweeps import write_sweep


def test_a_script_without_a_guard_is_run_once(tmp_path):
    """Was a bug: every worker ran the script again, and started workers of its own."""
    write_sweep(tmp_path)
    script = tmp_path / "mine.py"
    script.write_text(
        "import basisbt\nprint('once')\n"
        f"s = basisbt.sweep({str(tmp_path / 'sweep.yaml')!r}, jobs=2, out=None, engine='backtrader')\n"
        "print(len(s.frame), len(s.failed), __file__.endswith('mine.py'), __spec__ is None)\n"
        f"r = basisbt.run({str(ROOT / 'configs/runs/05_paths.yaml')!r}, paths=40, jobs=2, timerange='20230101-20230201')\n"
        "print(r.metrics['paths']['n'], __file__.endswith('mine.py'))\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:3] == ["once", "24 0 True True", "40 True"], done.stdout
