"""Taking a restart home: as a plain Keras file, or as the plain Keras program that trains it."""
