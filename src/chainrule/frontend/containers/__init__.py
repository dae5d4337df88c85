"""Lists, dictionaries, sets, iterators, and what goes through them."""
