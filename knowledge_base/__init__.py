"""The help centre: articles in a tree of categories, and how they are found."""
