"""Data: sets of points, and reading them from files and arrays."""
