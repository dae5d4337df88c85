"""Functions of NumPy that are others put together, as the Python that they mean: executed abstractly like any function of the user's.

They are never run. Arguments that are not arrays (an axis, a mode) are known when the program is compiled.
"""
