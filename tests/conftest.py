"""What holds for all tests: properties are not timed, for other work may be going on beside them."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")
