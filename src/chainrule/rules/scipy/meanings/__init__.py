"""Functions of SciPy that are put together of what has rows, as the Python that they mean: a module for each module of SciPy.

What they are called with is bound as SciPy binds it; an argument that a function here does not have is refused by name, unless it has its default value.
They are executed abstractly like functions of the user's, and never run.
"""
