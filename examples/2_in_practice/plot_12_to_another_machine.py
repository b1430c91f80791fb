"""
To another machine
==================

You will send arrays to a process on another machine, over TCP, with a key that keeps strangers out
and the speed of :func:`ndpipe.Pipe`, and see what the key does not do.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/to_another_machine.svg"
import multiprocessing
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client

import numpy as np

import ndpipe
from ndpipe.tasks import serve_doubles

# %%
# The server
# ----------
# A pipe ends where the machine ends. A :class:`~multiprocessing.connection.Listener` waits for
# connections at an address; each that it accepts is a connection like a pipe's end, and
# :func:`ndpipe.wrap` makes it one that carries arrays out of band:
#
# .. task-source:: ndpipe.tasks.network.serve_doubles
#
# Here a child plays the other machine, on the loopback, an address that only this machine can
# reach. Port 0 lets the system choose one; which it chose comes back through a pipe:

if __name__ == "__main__":
    key = b"a long secret, the same on both sides"
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve_doubles, args=(there, key))
    server.start()
    there.close()
    address = here.recv()
    here.close()
    print("listening at", address[0])

# %%
# A wrong key is refused
# ----------------------
# Each side proves that it has the key before the first message, without sending the key itself.
# The server goes on to wait for the next client:

if __name__ == "__main__":
    refusal = None
    try:
        Client(address, authkey=b"a guess")
    except AuthenticationError as error:
        print("AuthenticationError:", error)
        refusal = error

# %%
# Arrays over TCP
# ---------------
# With the right key, ``Client`` returns the other end. Wrap it too: both ends of a connection have
# to be ndpipe's for large arrays. From here on nothing differs from a pipe:

if __name__ == "__main__":
    conn = ndpipe.wrap(Client(address, authkey=key))
    array = np.arange(1_000_000.0).reshape(1000, 1000)
    conn.send(array)
    doubled = conn.recv()
    print("received", doubled.shape, doubled.dtype, "- last:", doubled[-1, -1])

# %%
# Also the end is the same: closing is end of file to the server, which returns.

if __name__ == "__main__":
    conn.close()
    server.join(timeout=60)
    print("the server's exit code:", server.exitcode)

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert isinstance(refusal, AuthenticationError)
    np.testing.assert_array_equal(doubled, 2 * array)
    assert server.exitcode == 0

# %%
# In practice
# -----------
# * For a real other machine, listen at ``("0.0.0.0", 6000)``, start the server there, and give
#   ``Client`` its name and port. Both sides should run the same major version of NumPy, or
#   :ref:`a module is missing <symptom-numpy-core>`.
# * The key proves that the peer has it. It encrypts nothing, and whoever has it can run any code
#   here, since ``recv`` unpickles: :doc:`/explanation/trust`. Between machines, put the connection
#   into a tunnel: ``ssh -L 6000:localhost:6000 other-machine``.
# * A standard end that is sent a large array by a wrapped one fails at once:
#   :ref:`symptom-overflow`.
# * A network goes silent without an end of file. Give each wait a limit, as in
#   :doc:`plot_05_poll_is_not_a_timeout`.
#
# Next: :doc:`plot_12b_a_service_without_pickle`.
