"""Values: problem, configuration, space, data and its reading, scaling, outcomes, errors."""
