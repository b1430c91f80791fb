"""Memory that grows as the bytes for it come, for a size that may be a lie.

`ndarray.resize` would do it too, several times slower: it fills what is new with zeros, and has
the system give small pages. A view of what is about to grow is a `BufferError` here, not a crash.
"""

import contextlib
import errno
import mmap
import sys

__all__ = ["Memory", "grow", "new_memory"]

if sys.platform == "linux":
    Memory = mmap.mmap

    def new_memory(nbytes: int) -> Memory:
        """Return so many bytes of memory."""
        with _out_of_memory():
            memory = mmap.mmap(-1, nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        with contextlib.suppress(OSError):  # of a system without large pages
            memory.madvise(mmap.MADV_HUGEPAGE)
        return memory

    def grow(memory: Memory, nbytes: int) -> None:
        """Give a memory so many bytes: the system moves its pages, and copies nothing."""
        with _out_of_memory():
            memory.resize(nbytes)

    class _out_of_memory(contextlib.AbstractContextManager[None]):  # noqa: N801 - it is called
        def __exit__(self, _: object, error: object, __: object) -> None:
            if isinstance(error, OSError) and error.errno == errno.ENOMEM:
                raise MemoryError from error

else:
    Memory = bytearray

    def new_memory(nbytes: int) -> Memory:
        """Return so many bytes of memory."""
        return bytearray(nbytes)

    def grow(memory: Memory, nbytes: int) -> None:
        """Give a memory so many bytes."""
        memory.extend(bytes(nbytes - len(memory)))
