"""
A service without pickle
========================

After this page you can offer a service to other programs of this machine in which no message can
run code, even one from somebody who has the key: :func:`ndpipe.wrap` with ``allow_pickle=False``
at both ends. And you know what such a peer can still do.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/service_without_pickle.svg"
import multiprocessing
from multiprocessing.connection import Client

import numpy as np

import ndpipe
from ndpipe.tasks import serve_means

# %%
# The server
# ----------
# It listens on the loopback, and asks for a key. The standard ``Listener`` unpickles nothing while
# it does: the challenge and its answer are bytes. What comes after that is received by an end that
# takes descriptions and no pickles, and no message that needs more than ``max_bytes`` of memory:
#
# .. task-source:: ndpipe.tasks.network.serve_means

if __name__ == "__main__":
    key = b"a long secret, the same on both sides"
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve_means, args=(there, key))
    server.start()
    there.close()
    address = here.recv()
    here.close()

# %%
# Somebody who has the key
# ------------------------
# A pickle is a program, and this one would print in the server. The server refuses it by its first
# bytes, and closes that connection:


class Guest:
    def __reduce__(self):
        return print, ("this ran in the server",)


if __name__ == "__main__":
    with Client(address, authkey=key) as stranger:
        stranger.send(Guest())
        try:
            stranger.recv()
            was_served = True
        except (EOFError, OSError):
            was_served = False
    print("the stranger was served:", was_served)

# %%
# A message that is too large is refused when it is declared. The sender meets a closed connection:

if __name__ == "__main__":
    with ndpipe.wrap(Client(address, authkey=key), allow_pickle=False) as conn:
        try:
            conn.send(np.zeros(10_000_000))
            was_taken = True
        except OSError:
            was_taken = False
    print("80 MB were taken:", was_taken)

# %%
# Everybody else
# --------------
# Arrays of plain dtypes, and lists, tuples, dicts, text, bytes and numbers around them, travel as
# ever, large arrays at the speed of :func:`ndpipe.Pipe`:

if __name__ == "__main__":
    conn = ndpipe.wrap(Client(address, authkey=key), allow_pickle=False)
    table = np.arange(300_000.0).reshape(100_000, 3)
    conn.send({"table": table})
    answer = conn.recv()
    print("means:", answer["means"])

# %%
# What cannot be described is refused where it is sent, and nothing of it has left:

if __name__ == "__main__":
    try:
        conn.send({"table": table, "extra": [1, {2, 3}]})
    except TypeError as error:
        refusal = str(error).partition(":")[0]
        print("TypeError:", refusal)
    conn.close()
    server.join(timeout=60)

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert not was_served
    assert not was_taken
    np.testing.assert_array_equal(answer["means"], table.mean(axis=0))
    assert refusal == "obj['extra'][1] is a set"
    assert server.exitcode == 0

# %%
# In practice
# -----------
# * **What a peer with the key can still do**: use your time, with messages that take long to read
#   or to answer; your memory, up to ``max_bytes`` for each connection; and your connections. This
#   server waits for one client at a time: one that says nothing holds it.
# * Without the key, a stranger can connect, and keep the server waiting for the answer to its
#   challenge, which the standard library gives no time limit.
# * What arrives has known types, and any values. Check them, as the server does here.
# * The key encrypts nothing, and is no defence on a network: :doc:`/explanation/trust`.
# * An end that takes no pickle sends none. A standard end cannot read what it sends
#   (:ref:`symptom-overflow`), nor be read by it (:ref:`symptom-refused-pickle`).
#
# Next: :doc:`plot_13_more_than_one_machine`.
