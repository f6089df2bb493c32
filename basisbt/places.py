"""Where files that ship with basisbt are: in an installed wheel, or in the checkout beside the package.

Knows two places for each folder. Knows nothing of what the files say.
"""

from pathlib import Path


def packaged(*parts: str) -> Path:
    """Path of a shipped file: `packaged('configs', 'venues', 'okx.yaml')`. The path may not exist; the folder does.

    The first part is a top-level folder of the repository. In a wheel it is a folder of the package; in a checkout it
    lies next to the package.
    """
    package = Path(__file__).resolve().parent
    installed = package / parts[0]
    root = installed if installed.is_dir() else package.parent / parts[0]
    return root.joinpath(*parts[1:])
