"""A Keras network in scikit-learn's conventions, trained from many initializations."""
