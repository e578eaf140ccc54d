"""What this machine has."""

import os


def memory_bytes() -> int | None:
    """The machine's memory; None on a system that does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
