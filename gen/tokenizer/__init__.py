"""Documents to ids and back: `base` is the interface, each other file one way of tokenizing."""
