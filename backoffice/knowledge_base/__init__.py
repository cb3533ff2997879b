"""The help centre, as its authors see it."""
