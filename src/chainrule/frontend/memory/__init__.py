"""Views of arrays, and writes into them."""
