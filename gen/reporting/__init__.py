"""What a run was and what came of it, as a page: how it learned, what it writes, what it has by heart."""
