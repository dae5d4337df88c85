"""Objects of the user's classes."""
