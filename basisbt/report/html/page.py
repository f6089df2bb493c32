"""One page: sections of words, figures and tables, put into one HTML file with everything it needs inside.

Knows the template, plotly's script and how to escape. Knows nothing of results. What people named (configs, venues,
events) goes through autoescape, figures through JSON with `<` escaped.
"""

import json
import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass
class Table:
    """Texts by row. details: lines that a row opens; links: {(row, column): href}; titled: with a header row."""

    head: tuple[str, ...]
    rows: list[tuple]
    details: list[list[str]] | None = None
    note: str = ""
    titled: bool = True
    links: dict[tuple[int, int], str] = field(default_factory=dict)


@dataclass
class Section:
    """A headed part of a page. code: (what it is, text) behind a fold; pickers: what scripts of the page work on."""

    title: str
    words: str = ""
    figures: list[dict] = field(default_factory=list)
    table: Table | None = None
    code: tuple[str, str] | None = None
    explorer: dict | None = None  # axes and figures of a sweep, for the page's pickers

    @property
    def anchor(self) -> str:
        """Its name in a link."""
        return "".join(c if c.isalnum() else "-" for c in self.title.lower()).strip("-")


@dataclass
class Page:
    """A whole report. kind: run, sweep, stress or compare."""

    title: str
    kind: str
    sections: list[Section] = field(default_factory=list)

    def add(self, title, words="", table=None, *, figures=(), code=None, explorer=None) -> None:
        """Append a section."""
        self.sections.append(Section(title, words, list(figures), table, code, explorer))

    def html(self) -> str:
        """The file's text."""
        from basisbt import __version__

        number, figures = 0, {}
        for section in self.sections:
            for figure in section.figures:
                figure["id"] = f"figure-{number}"
                figures[figure["id"]] = {"data": figure["data"], "layout": figure["layout"]}
                number += 1
        return template().render(
            page=self,
            version=__version__,
            figures=script_json(figures),
            plotly=plotly_script(),
            style=(HERE / "style.css").read_text(encoding="utf-8"),
            app=(HERE / "app.js").read_text(encoding="utf-8"),
            json=script_json,
        )


def script_json(value) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("\u2028", "\\u2028")


@lru_cache(maxsize=1)
def plotly_script() -> str:
    """Plotly's own script, MIT licence, as its package has it."""
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()


@lru_cache(maxsize=1)
def template():
    """The page's template; everything that is put in is escaped unless the template says otherwise."""
    import jinja2

    loader = jinja2.FileSystemLoader(HERE)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html")


def write_page(page: Page, file: Path) -> Path:
    """The page as a file, whole or not at all; returns it. Raises OSError."""
    return write_text(file, page.html())


def write_text(file: Path, text: str) -> Path:
    """A text as a file, whole or not at all; returns it. Raises OSError."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
    return file
