"""The verbs, in groups. Each group imports what it needs when it is called."""

import typer

from basisbt.cli import allocations, checks, configs, data, download, results, runs, starting, stresses, sweeps

app = typer.Typer(
    name="basisbt", no_args_is_help=True, add_completion=True, rich_markup_mode=None,
    help="Backtests of crypto cash-and-carry trades that show their tail losses.\n\n"
    "Start with: basisbt init desk",
)  # fmt: skip
app.command()(starting.init)
app.command()(runs.run)
app.command()(runs.compare)
app.command()(sweeps.sweep)
app.command()(sweeps.worker)
app.command()(sweeps.ls)
app.command()(stresses.stress)
app.command()(stresses.solve)
app.command()(allocations.allocate)
app.command("list")(stresses.list_)
app.command()(configs.validate)
app.command("show-config")(configs.show_config)
app.command()(configs.schema)
app.command()(results.journal)
app.command()(results.show)
app.command()(results.report)
app.command()(checks.lookahead)
app.command()(checks.verify)
app.command()(download.download)
app.command()(data.calibrate)
app.add_typer(data.app, name="data")


@app.callback(invoke_without_command=True)
def top(
    version: bool = typer.Option(False, "--version", help="Show the version."),
):
    """Backtests of crypto cash-and-carry trades that show their tail losses."""
    if version:
        from basisbt import __version__

        print(__version__)
        raise typer.Exit(0)


def main() -> None:
    """Entry point of the `basisbt` command."""
    app()
