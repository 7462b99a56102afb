"""`python -m sce`: the `sce` command."""

from sce._command import main

main()
