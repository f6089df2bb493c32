"""Axes from the shell: `-S key=4%,6%,8%` and `-S key=2x..6x:1x`.

Knows how a list is written in one word. Knows no key.
"""

from basisbt.config.axes import range_axis
from basisbt.config.mistakes import Mistakes, Source
from basisbt.config.override import LIST_KEYS
from basisbt.config.reader import read_text
from basisbt.errors import ConfigError


def split_values(text: str) -> list[str]:
    """`4%,6%,8%` or `[4%, 6%, 8%]` as its values; commas inside brackets do not split."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    parts, depth, current = [], 0, ""
    for letter in text:
        depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += letter
    return [p for p in [*parts, current.strip()] if p]


def axes_of(overrides) -> tuple[dict[str, list], list[str]]:
    """({key: values} of those with several, the others as they are) of `key=value` texts. Raises ConfigError."""
    axes, fixed = {}, []
    for text in overrides:
        key, mark, value = text.partition("=")
        values = split_values(value)
        listed = value.strip().startswith("[") and key.strip().split(".")[-1] in LIST_KEYS
        if mark and ".." in value and not listed:
            axes[key.strip()] = list(steps(key.strip(), value))
        elif mark and len(values) > 1 and not listed:
            axes[key.strip()] = [plain(each) for each in values]
        else:
            fixed.append(text)
    return axes, fixed


def steps(key: str, text: str):
    """The values of `2x..6x:1x`."""
    low, _, rest = text.partition("..")
    high, mark, step = rest.partition(":")
    if not mark:
        raise ConfigError(f"-S {key}={text}: expected LOW..HIGH:STEP, like 2x..6x:1x")
    try:
        return range_axis(key, {"from": low.strip(), "to": high.strip(), "step": step.strip()}).values
    except ValueError as error:
        raise ConfigError(f"-S {key}={text}: {error}") from error


def plain(text: str):
    """A value as YAML reads it: `4%` is text, `3` a number."""
    mistakes = Mistakes()
    node = read_text(text, Source(f"-S {text}", (), None, "-S"), mistakes)
    mistakes.raise_if_any()
    return node.plain()
