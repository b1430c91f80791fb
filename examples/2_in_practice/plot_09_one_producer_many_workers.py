"""
One producer, many workers
==========================

You will hand blocks of an array to several processes, collect the results in the order in which
they come, and keep no more blocks in flight than memory allows.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/many_workers.svg"
import multiprocessing
from multiprocessing.connection import wait

import numpy as np

from ndpipe import Pipe
from ndpipe.tasks import serve_pipe, subtract_mean

# %%
# The workers
# -----------
# A worker serves until it receives ``None``. The work itself is a function of an array:
#
# .. task-source:: ndpipe.tasks.pool.serve_pipe ndpipe.tasks.pool.subtract_mean
#
# Each gets a pipe of its own. The producer makes a block only when it is asked for one:

if __name__ == "__main__":
    workers = {}
    for _ in range(2):
        here, there = Pipe()
        args = (there, subtract_mean)
        worker = multiprocessing.Process(target=serve_pipe, args=args)
        worker.start()
        there.close()
        workers[here] = worker


def make_blocks(count):
    """Make numbered blocks of 8 MB, each when the one before has been taken."""
    for number in range(count):
        yield number, np.arange(1_000_000.0) + number


# %%
# A pipe for each
# ---------------
# Each worker gets one block:

if __name__ == "__main__":
    results, in_flight, most = {}, len(workers), 0
    blocks = make_blocks(6)
    for conn in workers:
        conn.send(next(blocks))

# %%
# :func:`multiprocessing.connection.wait` returns the ends that have something to receive. A worker
# gets its next block when its last result is in: no more than two blocks are in flight, and nobody
# sends to a process that is sending. The order of the lines is that of the results:

if __name__ == "__main__":
    while in_flight:
        ready = wait(workers, timeout=60)
        assert ready, "no worker has answered"
        for conn in ready:
            most = max(most, in_flight)
            number, results[number] = conn.recv()
            print(f"block {number}: {len(results)} of 6 done")
            if job := next(blocks, None):
                conn.send(job)
            else:
                in_flight -= 1

# %%
# Stopping is one more message. It does not depend on the end of the file, which a forked worker
# would not meet: it holds copies of the ends of the workers that were started before it.

if __name__ == "__main__":
    for conn, worker in workers.items():
        conn.send(None)
        worker.join(timeout=60)
        conn.close()
    exit_codes = [worker.exitcode for worker in workers.values()]
    print("exit codes:", exit_codes)

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert sorted(results) == list(range(6))
    assert most == len(workers) == 2
    assert exit_codes == [0, 0]
    for block in results.values():
        np.testing.assert_allclose(block, np.arange(1e6) - 499_999.5)

# %%
# In practice
# -----------
# * More than one block in flight for each worker hides the time of the transfer, at the price of
#   their memory. Send the second only when the first result is in, or
#   :ref:`both sides may stop <symptom-both-send>`.
# * A worker that fails or is killed: :doc:`plot_03_a_worker_that_stays` carries its exception
#   back, :doc:`plot_04_when_the_other_side_dies` waits for its end as well.
#
# Next: :doc:`plot_09b_a_queue_or_a_pool`, for when there are several producers.
