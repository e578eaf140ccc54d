"""From a dataset to a model: `plan` picks sizes, `step` is one update, `loop` repeats it, `run` keeps it."""
