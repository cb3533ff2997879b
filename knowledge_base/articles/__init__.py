"""Articles: categories, text in Markdown, votes."""
