"""What holds for all tests: properties are not timed, and Ctrl-C reaches the programs that tests start."""

import signal

from hypothesis import settings

settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")

# Shells start what runs in the background with SIGINT ignored, and children inherit that: a test that sends
# one would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
