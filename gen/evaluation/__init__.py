"""How well a model predicts: full passes over ids, never an average over random windows."""
