"""One local page to write with models, and the HTTP API under it; see `docs/serve.md`."""
