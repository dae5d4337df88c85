"""The command line, `chainrule` or `python -m chainrule`: arguments -> what is printed, and an exit code.

    show      the derivative of a function, as Python
    check     the derivative compared with finite differences
    explain   the chain rule step by step, with the numbers of one call
    stages    the program after each pass of the compiler
    coverage  what is supported, and why not

Exit codes: 0, all is well; 1, a check found a wrong derivative; 2, an error of the user's: the command line, a file that is not there or does not run, a program that is refused. No
command runs a file as a script: it is imported.
"""

from .parser import main

__all__ = ["main"]
