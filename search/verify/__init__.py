"""Verification: a whole database, and a restart beside plain Keras."""
