"""The record: every restart, in tables beside Optuna's in the same database."""
