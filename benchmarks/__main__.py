"""`python -m benchmarks`: the timing table."""

from benchmarks.run import main

main()
