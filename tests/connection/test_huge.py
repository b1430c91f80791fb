"""Past 2 GiB and 4 GiB for real, where a length no longer fits an int32 or a uint32."""

from typing import Any

import connection_peers
import numpy as np
import psutil
import pytest

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(900)]

SIZES = [2**31 - 1, 2**31, 2**32 + 1]


@pytest.mark.parametrize("nbytes", SIZES)
@pytest.mark.parametrize("receive", ["recv", "recv_bytes"])
def test_huge_messages(pipe: Any, start_child: Any, nbytes: int, receive: str) -> None:
    """All bytes come, the first and the last and those around each edge in their places."""
    if psutil.virtual_memory().available < 3 * nbytes + 2**31:
        pytest.skip("not enough memory available")
    ours, theirs = pipe
    how = "send" if receive == "recv" else "send_bytes"
    start_child("fork", connection_peers.send_marked, theirs, ours, nbytes, how)
    theirs.close()
    received = getattr(ours, receive)()
    array = np.frombuffer(received, np.uint8) if receive == "recv_bytes" else received
    assert array.shape == (nbytes,)
    marks = connection_peers.marks(nbytes)
    np.testing.assert_array_equal(np.flatnonzero(array), marks)
    np.testing.assert_array_equal(array[marks], np.arange(1, len(marks) + 1))
    with pytest.raises(EOFError):
        ours.recv()
