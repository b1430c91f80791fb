"""
What a Pipe is
==============

:func:`multiprocessing.Pipe` returns two connections. What one end sends, the other receives, in
this process or in another. The next pages send arrays; this one shows, with small objects, how an
end behaves: what it can send, when it waits, and how a conversation is ended.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/what_a_pipe_is.svg"
import multiprocessing
import threading

from ndpipe.tasks import echo

# %%
# Two ends
# --------
# A new pipe joins two :term:`ends <end>`. No second process is needed to try them: here both are
# held by one. Notice that an object comes out equal to the one that went in, and is another one:

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    sent = [1, 2, 3]
    here.send(sent)
    received = there.recv()
    print(received, received == sent, received is sent)

# %%
# Both directions, or one
# -----------------------
# A pipe is :term:`duplex` unless told otherwise: each end sends and receives. With
# ``duplex=False`` the first end only receives and the second only sends, and says so when it is
# used the wrong way round:

if __name__ == "__main__":
    receiver, sender = multiprocessing.Pipe(duplex=False)
    refused = []
    try:
        receiver.send("upstream")
    except OSError as error:
        print("OSError:", error)
        refused.append(error)
    receiver.close()
    sender.close()

# %%
# A process at the other end
# --------------------------
# Now a child gets one end. It runs :func:`ndpipe.tasks.echo`, a loop that sends back what it
# receives. It is handed the parent's end too, only to close it, since a :term:`forked <fork>` child
# has a copy of every open end:
#
# .. task-source:: ndpipe.tasks.echo
#
# The lines that the child prints are marked as its own. Their order is guaranteed: ``recv``
# :term:`blocks <block>` until there is something to return, so the parent's second line always
# comes after the child's. In the file, the code that starts a child stands below
# ``if __name__ == "__main__":``; the pages show it without, and end with the whole script:

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
# ``poll`` returns whether something has come, and waits for it no longer than its timeout, in
# seconds. Nothing was sent, so nothing comes back, and a ``recv`` here would wait for ever:

if __name__ == "__main__":
    answered = here.poll(timeout=0.2)
    print("anything to receive?", answered)

# %%
# What can be sent
# ----------------
# ``send`` :term:`pickles <pickle>` the object and writes the bytes. What cannot be pickled is
# refused before a byte is written, so the pipe stays usable, as the child's next echo shows:

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
# Closing the last copy of an end is how to say that nothing more will come. The other side gets
# :exc:`EOFError` when it has received all that was sent; the loop in the child returns, and the
# child exits with code 0:

if __name__ == "__main__":
    here.close()
    child.join()
    print("the child's exit code:", child.exitcode)

# %%
# Had the child kept the copy of ``here`` that a fork gave it, it would have waited for itself.
# Sending fails at once when the other end is gone:

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    there.close()
    try:
        here.send("anybody?")
    except BrokenPipeError as error:
        print("BrokenPipeError:", error)
        refused.append(error)
    here.close()

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert received == sent
    assert received is not sent
    kinds = [type(error) for error in refused]
    assert kinds == [OSError, TypeError, BrokenPipeError]
    assert not answered
    assert echoed == "still there?"
    assert child.exitcode == 0

# %%
# In practice
# -----------
# * Close every end in every process that does not use it. A child that never meets the end of the
#   file, or a parent that waits for ever, is most often a forgotten copy: see
#   :ref:`recv never raises EOFError <symptom-no-eof>`.
# * Only receive from peers that you trust: ``recv`` unpickles, and unpickling can run any code.
# * ``poll`` is also true at the end of the file, and after the first byte of a message: it promises
#   that ``recv`` will begin, not that it will end.
# * One process or thread at a time may use an end; nothing checks this for you.
# * A pipe joins two ends. For many producers or consumers there is :class:`multiprocessing.Queue`.
#
# Next: :doc:`plot_2_send_to_child`.
