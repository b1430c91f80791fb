"""The site's own Sphinx helpers, one job a file."""
