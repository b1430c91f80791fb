"""Memory that grows as the bytes for it come, for a size that may be a lie.

`ndarray.resize` would do it too, several times slower: it fills what is new with zeros, and has
the system give small pages. A view of what is about to grow is a `BufferError` here, not a crash.
"""

import errno
import mmap
import sys

from ndpipe._pipe.raised import is_of_the_call

__all__ = ["Memory", "grow", "new_memory"]

_NO_MEMORY = errno.ENOMEM, errno.EAGAIN  # the second where all memory is locked (mlockall)

if sys.platform == "linux":
    Memory = mmap.mmap

    def new_memory(nbytes: int) -> Memory:
        """Return so many bytes of memory."""
        try:
            memory = mmap.mmap(-1, nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except OSError as error:
            if is_of_the_call(error) and error.errno in _NO_MEMORY:
                raise MemoryError from error
            raise
        try:
            memory.madvise(mmap.MADV_HUGEPAGE)
        except OSError as error:  # of a system without large pages
            if not is_of_the_call(error):
                raise
        return memory

    def grow(memory: Memory, nbytes: int) -> None:
        """Give a memory so many bytes: the system moves its pages, and copies nothing."""
        try:
            memory.resize(nbytes)
        except OSError as error:
            if is_of_the_call(error) and error.errno in _NO_MEMORY:
                raise MemoryError from error
            raise

else:
    Memory = bytearray

    def new_memory(nbytes: int) -> Memory:
        """Return so many bytes of memory."""
        return bytearray(nbytes)

    def grow(memory: Memory, nbytes: int) -> None:
        """Give a memory so many bytes."""
        memory.extend(bytes(nbytes - len(memory)))
