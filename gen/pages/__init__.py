"""What all pages share: how one is put together, its colours, and a player of music that needs no library."""
