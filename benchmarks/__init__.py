"""Benchmarks of chainrule: time, memory, compilation and call overhead (see README.md)."""

from benchmarks.threads import limit_threads

# The libraries read these limits when they are imported, so it has to happen before any of them is.
limit_threads()
