"""The commands of ``python -m ndpipe``."""
