"""From weights to new ids, in NumPy alone: `forward` gives logits, `choose` draws, `generate` loops."""
