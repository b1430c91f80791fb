"""
What a Pipe is
==============

:func:`multiprocessing.Pipe` returns two connections: what one end sends, the other receives. You
will see what an end can send, when it waits, and how a conversation ends.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/what_a_pipe_is.svg"
import multiprocessing
import threading

from ndpipe.tasks import echo

# %%
# Two ends
# --------
# A new pipe joins two :term:`ends <end>`; here one process holds both. An object comes out equal to
# the one that went in, and is another one:

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    sent = [1, 2, 3]
    here.send(sent)
    received = there.recv()
    print(received, received == sent, received is sent)

# %%
# Both directions, or one
# -----------------------
# A pipe is :term:`duplex` by default: each end sends and receives. With ``duplex=False`` the first
# end only receives and the second only sends:

if __name__ == "__main__":
    receiver, sender = multiprocessing.Pipe(duplex=False)
    refused = []
    with receiver, sender:
        try:
            receiver.send("upstream")
        except OSError as error:
            print("OSError:", error)
            refused.append(error)

# %%
# A process at the other end
# --------------------------
# A child gets one end, and sends back what it receives. It gets the parent's end too, only to close
# it, since a :term:`forked <fork>` child has a copy of every open end:
#
# .. task-source:: ndpipe.tasks.echo
#
# The order of the lines is guaranteed: ``recv`` :term:`blocks <block>` until there is something to
# return. In the file, the code that starts a child stands below ``if __name__ == "__main__":``; the
# pages show it without, and end with the whole script:

if __name__ == "__main__":
    child = multiprocessing.Process(target=echo, args=(there, here))
    child.start()
    there.close()  # the child has its own copy
    print("parent sends")
    here.send("hello")
    print("parent received", repr(here.recv()))

# %%
# Asking before waiting
# ---------------------
# ``poll`` says whether something has come, and waits no longer than its timeout, in seconds:

if __name__ == "__main__":
    answered = here.poll(timeout=0.2)
    print("anything to receive?", answered)

# %%
# What can be sent
# ----------------
# ``send`` :term:`pickles <pickle>` the object, then writes the bytes. What cannot be pickled is
# refused first, so the pipe stays usable, as the child's next echo shows:

if __name__ == "__main__":
    try:
        here.send(threading.Lock())
    except TypeError as error:
        print("TypeError:", error)
        refused.append(error)
    here.send("still there?")
    echoed = here.recv()

# %%
# The end of the file
# -------------------
# Closing the last copy of an end says that nothing more will come. The other side receives what was
# sent, then gets :exc:`EOFError`. A child that kept its copy of ``here`` would wait for itself:

if __name__ == "__main__":
    here.close()
    child.join()
    print("the child's exit code:", child.exitcode)

# %%
# Sending fails at once when the other end is gone:

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    there.close()
    with here:
        try:
            here.send("anybody?")
        except BrokenPipeError as error:
            print("BrokenPipeError:", error)
            refused.append(error)

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert received == sent
    assert received is not sent
    assert [type(e) for e in refused] == [OSError, TypeError, BrokenPipeError]
    assert [answered, echoed, child.exitcode] == [False, "still there?", 0]

# %%
# In practice
# -----------
# * Close every end in every process that does not use it, or somebody waits: :ref:`symptom-no-eof`.
# * Only receive from peers that you trust: ``recv`` unpickles, and unpickling can run any code.
# * ``poll`` is true after the first byte of a message: :ref:`symptom-poll`.
# * One process or thread at a time may use an end; nothing checks this for you.
# * A pipe joins two ends. For many producers or consumers there is :class:`multiprocessing.Queue`.
#
# Next: :doc:`plot_2_send_to_child`.
