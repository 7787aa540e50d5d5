"""Running a study: sampling, claims, workers, and the check of what they recorded."""
