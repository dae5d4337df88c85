"""`python -m benchmarks`: the timing table; `python -m benchmarks rules`: what each rule costs; `... imports`: how long imports take."""

import sys

if sys.argv[1:2] == ["rules"]:
    from benchmarks.rules import main as rules

    rules(sys.argv[2:])
elif sys.argv[1:2] == ["imports"]:
    from benchmarks.imports import main as imports

    imports(sys.argv[2:])
else:
    from benchmarks.run import main

    main()
