"""A corpus as ids: `prepare` encodes and keeps them, `windows` reads them in parallel streams."""
