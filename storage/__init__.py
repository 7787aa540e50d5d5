"""The store: studies, their queue of trials, and every restart. Knows no TensorFlow, no Optuna."""
