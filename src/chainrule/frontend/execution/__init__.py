"""The abstract machine: values and memory, branches and their merge, and what is decided by the values of a call."""
