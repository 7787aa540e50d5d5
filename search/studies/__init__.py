"""Studies as people use them: launched, read, raced, checked, deleted. Joins the layers below."""
