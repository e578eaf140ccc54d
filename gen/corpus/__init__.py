"""From what `--corpus` names to clean text: where it is, what it says, and the corpora known by name."""
