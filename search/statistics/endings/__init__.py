"""Where restarts end: groups of networks that compute the same, in words and pictures."""
