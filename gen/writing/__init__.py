"""What a model writes: `text` and `music` each turn ids that are drawn into documents, and put them out."""
