"""Calls of functions: with a row, with source, built in, for their effect."""
