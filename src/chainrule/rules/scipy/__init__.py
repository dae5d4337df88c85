"""Rows of SciPy, a module for each of its modules: read when the user's program has imported it (`table.LATER`)."""
