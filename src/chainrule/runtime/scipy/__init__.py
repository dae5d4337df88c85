"""Helpers of the rows of SciPy: a module for each of its modules, imported with the rows."""
