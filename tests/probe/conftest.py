"""Fixtures that these tests share with other tests of the harness."""

from tests.harness import faulty, scratch

__all__ = ["faulty", "scratch"]
