"""The cost of starting a process, by start method."""

import multiprocessing
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ndpipe._system.machine import describe_machine
from ndpipe.compare._interval import Interval, median_interval
from ndpipe.compare._style import COLOURS, INK, finish, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_starts", "seconds_to_run", "start_costs"]


def seconds_to_run(
    start_method: str, task: Callable[..., Any] = os.getpid, *arguments: Any
) -> float:
    """Return the seconds from the call of ``start`` until the child has run its task and ended.

    Parameters
    ----------
    start_method : str
        ``fork``, ``spawn`` or ``forkserver``.
    task : callable, optional
        The child's task. The default does next to nothing and needs no import; a function of a
        package makes a spawned child import that package.
    *arguments : object
        Arguments of the task.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there is no such start method here.

    Examples
    --------
    >>> from ndpipe.experiments.startup import seconds_to_run
    >>> seconds_to_run("spawn") > 0
    True
    >>> seconds_to_run("summon")
    Traceback (most recent call last):
        ...
    ValueError: cannot find context for 'summon'
    """
    context: Any = multiprocessing.get_context(start_method)
    child = context.Process(target=task, args=arguments)
    begin = time.perf_counter()
    child.start()
    child.join()
    seconds = time.perf_counter() - begin
    child.close()
    return seconds


def start_costs(
    cases: Mapping[str, tuple[Any, ...]], repeat: int = 7
) -> dict[str, dict[str, Interval]]:
    """Measure the start of children by each start method, in turns.

    Parameters
    ----------
    cases : mapping of str to tuple
        From the name of a case to the task of the child and its arguments.
    repeat : int, optional
        Starts of each.

    Returns
    -------
    dict
        From the name of a case and of a start method to milliseconds.

    Examples
    --------
    >>> import os
    >>> from ndpipe.experiments.startup import start_costs
    >>> costs = start_costs({"bare": (os.getpid,)}, repeat=1)
    >>> costs["bare"]["spawn"].value > 1
    True
    """
    methods = multiprocessing.get_all_start_methods()
    if "forkserver" in methods:
        seconds_to_run("forkserver")  # starts the server too, which is not measured
    times: dict[tuple[str, str], list[float]] = {(c, m): [] for c in cases for m in methods}
    for _ in range(repeat):
        for (case, method), found in times.items():
            found.append(1000 * seconds_to_run(method, *cases[case]))
    return {c: {m: median_interval([times[c, m]]) for m in methods} for c in cases}


def plot_starts(costs: Mapping[str, Mapping[str, Interval]], heading: str) -> "Figure":
    """Show the costs of starts in a pyplot figure, a group of bars for each start method.

    Parameters
    ----------
    costs : mapping
        As :func:`start_costs` returns it.
    heading : str
        The title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot as plt

    figure = new_figure(describe_machine(), 3.2, plt.figure())
    figure.suptitle(heading, fontsize=11)
    axes = figure.subplots()
    colours = COLOURS["pipe"], COLOURS["queue"], COLOURS["file"]
    methods = list(next(iter(costs.values())))
    for number, (case, by_method) in enumerate(costs.items()):
        found = list(by_method.values())
        places = [row + (number - 1) * 0.27 for row in range(len(methods))]
        values = [interval.value for interval in found]
        errors = [[i.value - i.low for i in found], [i.high - i.value for i in found]]
        error_style = {"ecolor": INK, "elinewidth": 0.9}
        axes.barh(
            places,
            values,
            0.25,
            color=colours[number],
            label=case,
            xerr=errors,
            error_kw=error_style,
        )
    axes.set_yticks(range(len(methods)), methods)
    axes.invert_yaxis()
    axes.set_xlabel("from start() until the child has ended (ms)")
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)
    finish(axes)
    return figure
