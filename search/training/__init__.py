"""The numerics: arrays in, arrays out. Knows nothing of Optuna, of SQL or of files."""
