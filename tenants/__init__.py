"""Who rents a schema, who works there, and how schemas are made and kept up to date."""
