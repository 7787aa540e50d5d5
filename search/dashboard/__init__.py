"""The published study: what Optuna and its dashboard show. Through Optuna's public API alone."""
