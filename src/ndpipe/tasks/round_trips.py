"""Properties of arrays before and after a transfer, and a child that reports them."""

from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Labelled", "layouts", "properties", "report"]


class Labelled(np.ndarray):
    """An ndarray with a label, written as many subclasses are: pickling loses the attribute.

    Attributes
    ----------
    label : str
        Unit of the numbers; the empty string where nothing has set it.

    See Also
    --------
    report : The task that shows whether the label arrives.

    Notes
    -----
    ``ndarray.__reduce__`` lists dtype, shape and bytes, and nothing of the instance's ``__dict__``
    (https://github.com/numpy/numpy/issues/13373).

    Examples
    --------
    >>> import pickle
    >>> import numpy as np
    >>> from ndpipe.tasks import Labelled
    >>> array = np.arange(3).view(Labelled)
    >>> array.label = "metres"
    >>> pickle.loads(pickle.dumps(array)).label
    ''
    """

    label = ""


def layouts() -> dict[str, NDArray[Any]]:
    """Return one matrix in nine kinds: byte orders, memory orders, views, dates, subclasses.

    Returns
    -------
    dict of str to ndarray of shape (300, 300) or (300, 150)
        By name; all are float64, but for dates, which are datetime64 and not a time.

    See Also
    --------
    properties : Describes one of them.
    report : The task that they are sent to.

    Examples
    --------
    >>> from ndpipe.tasks import layouts
    >>> layouts()["read-only"].flags.writeable
    False
    """
    plain = np.arange(90_000.0).reshape(300, 300)
    frozen = plain.copy()
    frozen.flags.writeable = False
    labelled = plain.view(Labelled)
    labelled.label = "metres"
    return {
        "plain": plain,
        "big-endian": plain.astype(">f8"),
        "Fortran": np.asfortranarray(plain),
        "every second": plain[:, ::2],
        "broadcast": np.broadcast_to(plain[0], plain.shape),
        "read-only": frozen,
        "dates": np.full((300, 300), "NaT", "datetime64[s]"),
        "masked": np.ma.masked_greater(plain, 10.0),
        "labelled": labelled,
    }


def properties(array: NDArray[Any]) -> str:
    """Describe everything about an array but its values, in one line.

    Parameters
    ----------
    array : ndarray of any shape and dtype
        The array to describe.

    Returns
    -------
    str
        Class, dtype, memory order, writeability, whose memory holds the elements, and the label
        if there is one.

    See Also
    --------
    report : The task that prints these lines.

    Examples
    --------
    >>> import numpy as np
    >>> from ndpipe.tasks import properties
    >>> properties(np.zeros((2, 3)))
    'ndarray <f8 C-order writeable own-memory'
    >>> properties(np.zeros((4, 6))[::2, ::2])
    'ndarray <f8 no-order writeable memory-of-ndarray'
    """
    flags = array.flags
    order = "C" if flags.c_contiguous else "F" if flags.f_contiguous else "no"
    mode = "writeable" if flags.writeable else "read-only"
    owner = type(array.base).__name__
    memory = "own-memory" if flags.owndata else f"memory-of-{owner}"
    label = getattr(array, "label", "")
    facts = [type(array).__name__, array.dtype.str, f"{order}-order", mode]
    return " ".join([*facts, memory, label]).strip()


def report(
    conn: Connection,
    arrays: dict[str, NDArray[Any]] | None = None,
) -> None:
    """Receive named arrays, print the properties of each, and send those lines back.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of a duplex pipe. A dict of ndarrays by name is received, unless `arrays`
        is given, and a dict of str by name is sent. The end is closed on return.
    arrays : dict of str to ndarray, optional
        The arrays, where they come as an argument of the process.

    Raises
    ------
    EOFError
        If the peer closes its end before it sends the arrays.

    See Also
    --------
    properties : Makes the line of each array.

    Examples
    --------
    >>> import multiprocessing
    >>> import numpy as np
    >>> from ndpipe.tasks import report
    >>> parent_end, child_end = multiprocessing.Pipe()
    >>> child = multiprocessing.Process(target=report, args=(child_end,))
    >>> child.start()
    >>> child_end.close()
    >>> parent_end.send({"strided": np.zeros((40, 60))[::2, ::2]})
    >>> parent_end.recv()  # a strided view arrives packed, its bytes borrowed from the message
    {'strided': 'ndarray <f8 C-order writeable memory-of-bytes'}
    >>> child.join()
    >>> parent_end.close()
    """
    with conn:
        if arrays is None:
            arrays = conn.recv()
        lines = {name: properties(array) for name, array in arrays.items()}
        for name, line in lines.items():
            print(f"{name:<14} {line}")
        conn.send(lines)
