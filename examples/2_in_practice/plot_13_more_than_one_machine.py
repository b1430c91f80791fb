"""
When one machine is not enough
==============================

You will run the same task on a cluster with `Dask <https://www.dask.org>`_: send arrays to its
workers, follow the progress, gather the results; and see when a pipe does better.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/more_than_one_machine.svg"
import logging
import multiprocessing
import tempfile
import timeit

import dask
import numpy as np
from distributed import Client, LocalCluster, as_completed

from ndpipe import Pipe
from ndpipe.tasks import serve_pipe, subtract_mean

# %%
# A cluster
# ---------
# With pipes, who does what and what happens when a worker dies is up to you. A cluster has a
# scheduler for that. This one has two workers on this machine; a real one differs in the address
# alone, ``Client("tcp://scheduler:8786")``:

if __name__ == "__main__":
    folder = tempfile.TemporaryDirectory()
    dask.config.set({"temporary-directory": folder.name})
    # A connection that ends while the cluster closes is an error to Dask's log.
    logging.getLogger("distributed").setLevel("CRITICAL")
    settings = {"silence_logs": "CRITICAL", "dashboard_address": "127.0.0.1:0"}
    cluster = LocalCluster(n_workers=2, **settings)
    client = Client(cluster)
    print("workers:", len(client.scheduler_info()["workers"]))

# %%
# Scatter, compute, gather
# ------------------------
# The task is the one that :doc:`plot_09_one_producer_many_workers` hands to pipes. ``scatter``
# moves the arrays to the workers, where they stay, and returns handles:

if __name__ == "__main__":
    blocks = [np.arange(1e6) + number for number in range(6)]
    at_workers = client.scatter(blocks)
    futures = client.map(subtract_mean, at_workers)

# %%
# Results come in any order. Each line is one that has come, which is the progress:

if __name__ == "__main__":
    for count, future in enumerate(as_completed(futures, timeout=60), 1):
        print(f"{count} of {len(futures)} done, {future.status}")
    results = client.gather(futures)

# %%
# What stays with the cluster need not travel: the next step takes handles too, runs where the
# arrays are, and only six numbers come back.

if __name__ == "__main__":
    spreads = client.gather(client.map(np.std, futures))
    print("standard deviations:", *[f"{spread:.0f}" for spread in spreads])

# %%
# What a pipe does better
# -----------------------
# A call through a scheduler is several messages between several processes. This is the best of
# twenty calls with a small block of 8 kB, there and back:

if __name__ == "__main__":
    small = np.arange(1000.0)

    def call_dask():
        client.submit(subtract_mean, small, pure=False).result(timeout=60)

    by_dask = min(timeit.repeat(call_dask, number=1, repeat=20))
    print(f"Dask: {1e3 * by_dask:.2f} ms")

# %%
# The cluster is closed before a child is started: its client has threads, and a fork copies none.

if __name__ == "__main__":
    client.close()
    cluster.close()
    folder.cleanup()
    here, there = Pipe()
    args = (there, subtract_mean)
    worker = multiprocessing.Process(target=serve_pipe, args=args)
    worker.start()
    there.close()

# %%

if __name__ == "__main__":

    def call_pipe():
        here.send((0, small))
        here.recv()

    by_pipe = min(timeit.repeat(call_pipe, number=1, repeat=20))
    print(f"pipe: {1e3 * by_pipe:.2f} ms")
    here.send(None)
    worker.join(timeout=60)
    here.close()

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    for block in results:
        np.testing.assert_allclose(block, np.arange(1e6) - 499_999.5)
    np.testing.assert_allclose(spreads, np.std(blocks[0]))
    assert by_pipe < by_dask

# %%
# In practice
# -----------
# * Take a cluster when the data or the work is more than one machine holds, when workers come and
#   go, or when tasks depend on each other. Take a pipe for a known peer, for a stream, and where
#   each millisecond counts.
# * Pass handles, not arrays, from task to task; an array in ``submit`` travels with every call.
# * Workers import the task by name, as children do: install the same package on each machine, with
#   the same versions of Python and NumPy, or meet :ref:`symptom-numpy-core`.
# * Between machines Dask can use TLS: :doc:`/explanation/trust`. All ways on one machine:
#   :doc:`/auto_examples/3_measurements/plot_2_every_way`.
#
# Next: :doc:`plot_14_interrupted_in_the_middle`.
