"""Tasks of child processes: plain functions that every start method can import.

A child started by *spawn* or *forkserver* gets the name of its function, not the function, and
imports it by that name. A function typed into a notebook or an interactive session has no module
to be imported from; the functions here do. Each takes one end of a pipe, prints what the child
sees, and closes the end when it returns, so that the peer gets end of file and does not wait.
"""

from ndpipe.tasks.deadlocks import put_result, receive_then_send, send_result, send_then_receive
from ndpipe.tasks.endings import await_end, send_then, start_and_die
from ndpipe.tasks.first_steps import echo, receive_and_zero, send_frames, send_ones
from ndpipe.tasks.interrupts import receive_when_told
from ndpipe.tasks.network import serve_doubles, serve_means
from ndpipe.tasks.pool import serve_pipe, serve_queue, subtract_mean
from ndpipe.tasks.raw_bytes import bytes_of, header_of, send_image
from ndpipe.tasks.round_trips import Labelled, layouts, properties, report
from ndpipe.tasks.sharing import double_shared, fill_segment, fill_slots, read_after_close
from ndpipe.tasks.start_methods import report_inheritance, try_to_lock
from ndpipe.tasks.workers import serve

__all__ = [
    "Labelled",
    "await_end",
    "bytes_of",
    "double_shared",
    "echo",
    "fill_segment",
    "fill_slots",
    "header_of",
    "layouts",
    "properties",
    "put_result",
    "read_after_close",
    "receive_and_zero",
    "receive_then_send",
    "receive_when_told",
    "report",
    "report_inheritance",
    "send_frames",
    "send_image",
    "send_ones",
    "send_result",
    "send_then",
    "send_then_receive",
    "serve",
    "serve_doubles",
    "serve_means",
    "serve_pipe",
    "serve_queue",
    "start_and_die",
    "subtract_mean",
    "try_to_lock",
]
