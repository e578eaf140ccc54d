"""Inside a network while it reads: the six quantities of a cell, what they track and what they keep."""
