"""Experiments: each module measures what one page shows."""
