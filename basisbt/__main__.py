"""`python -m basisbt` is the `basisbt` command."""

from basisbt.cli.main import main

main()
