"""Escape statistics, pure: rows in, frozen figures out."""
