"""`python -m gen` is `gen`."""

from gen.cli import main

main()
