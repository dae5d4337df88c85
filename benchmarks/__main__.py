"""`python -m benchmarks`: the timing table; `python -m benchmarks rules`: what each rule costs."""

import sys

if sys.argv[1:2] == ["rules"]:
    from benchmarks.rules import main as rules

    rules(sys.argv[2:])
else:
    from benchmarks.run import main

    main()
