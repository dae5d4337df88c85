"""Loops that stay loops: what they carry, and what is known after them."""
