"""The hours and days that a ticket's rules count in."""

from datetime import timedelta

# A solved ticket waits this long for "it is not" before it closes.
CLOSE_AFTER = timedelta(days=7)
# How long a customer may change a rating once given.
RATING_WINDOW = timedelta(days=7)
