"""Values: problem, configuration, space, plan, data and its reading, scaling, outcomes, errors."""
