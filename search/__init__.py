"""The study: what is asked, what is trained, what is told, and what follows from it."""
