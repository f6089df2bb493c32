"""`python -m basisbt` is the `basisbt` command."""

from basisbt.cli.main import main

if __name__ == "__main__":  # worker processes import this file again
    main()
