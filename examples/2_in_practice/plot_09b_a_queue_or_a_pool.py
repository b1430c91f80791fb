"""
A queue, or a pool
==================

You will give work to several processes without a pipe for each, through a
:class:`multiprocessing.Queue` that they share or a pool that starts and feeds them; and notice when
a queue has dropped what you put into it.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/a_queue_or_a_pool.svg"
import contextlib
import io
import multiprocessing
import queue
import threading
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from ndpipe.tasks import serve_queue, subtract_mean

# %%
# A queue
# -------
# A queue is a pipe with locks around it: any number of processes put into it and take from it,
# and whoever is free takes the next job. It is the better choice when there are several producers
# too, or when nobody cares which worker does what:
#
# .. task-source:: ndpipe.tasks.pool.serve_queue ndpipe.tasks.pool.subtract_mean

if __name__ == "__main__":
    blocks = [(number, np.arange(1e6) + number) for number in range(4)]
    jobs, results = multiprocessing.Queue(maxsize=2), multiprocessing.Queue()
    workers = []
    for _ in range(2):
        args = (jobs, results, subtract_mean)
        worker = multiprocessing.Process(target=serve_queue, args=args)
        worker.start()
        workers.append(worker)

# %%
# ``maxsize`` holds the producer back: ``put`` waits while two jobs are in the queue. The results
# are taken *before* the workers are joined: a worker cannot end while its results are unread.

if __name__ == "__main__":
    for job in [*blocks, None, None]:
        jobs.put(job, timeout=60)
    queued = dict(results.get(timeout=60) for _ in blocks)
    for worker in workers:
        worker.join(timeout=60)
    print("through the queue:", sorted(queued))

# %%
# The trap: put returns, and nothing arrives
# ------------------------------------------
# ``put`` hands the object to a thread, which pickles it later. What cannot be pickled is lost
# there: no exception reaches the caller, only standard error has a traceback.

if __name__ == "__main__":
    arrived = True
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        jobs.put(threading.Lock())
        try:
            jobs.get(timeout=1)
        except queue.Empty:
            arrived = False
    complaint = stderr.getvalue().splitlines()[-1]
    print("arrived?", arrived)
    print("standard error:", complaint)

# %%
# A queue has a thread to end. Closing says that this process will put nothing more:

if __name__ == "__main__":
    for each in (jobs, results):
        each.close()
        each.join_thread()

# %%
# A pool
# ------
# :class:`~concurrent.futures.ProcessPoolExecutor` starts, feeds and ends the workers, and
# carries exceptions back. Results travel through a pipe as well, and ``map`` returns them in the
# order of the jobs:

if __name__ == "__main__":
    arguments = [block for _, block in blocks]
    with ProcessPoolExecutor(max_workers=2) as pool:
        pooled = list(pool.map(subtract_mean, arguments, timeout=60))
    print("from the pool:", len(pooled), "blocks")

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert sorted(queued) == list(range(4))
    assert not arrived
    assert complaint.startswith("TypeError: cannot pickle")
    for block in [*queued.values(), *pooled]:
        np.testing.assert_allclose(block, np.arange(1e6) - 499_999.5)

# %%
# In practice
# -----------
# * Test what you put: ``pickle.dumps(item)`` raises where ``put`` does not. Items that vanish are
#   :ref:`symptom-queue`.
# * ``pool.map`` takes all arguments before the first result: memory must hold them. Use ``submit``
#   and :func:`concurrent.futures.wait` to keep a limit.
# * A pipe for each worker, as in :doc:`plot_09_one_producer_many_workers`, says which worker has
#   failed, and has no thread and no lock. It can carry arrays out of band: :func:`ndpipe.Pipe`.
# * What each way costs: :doc:`/auto_examples/3_measurements/plot_2_every_way`.
#
# Next: :doc:`plot_10_on_the_wire`.
