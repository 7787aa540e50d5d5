"""Published results as files: the plans that reproduce them, and the figures to compare with."""
