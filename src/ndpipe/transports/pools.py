"""As the result or the argument of a function that a pool calls in a worker."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import BaseContext
from typing import Any

from ndpipe.transports.base import Call, TransportInfo

__all__ = ["Joblib", "PoolResult"]


class PoolResult(Call):
    """The return value of a task of a ``ProcessPoolExecutor``."""

    info = TransportInfo(
        "pool-result",
        "ProcessPoolExecutor",
        "server",
        "copies",
        "many-to-many",
        "yes, its own copy",
        "the pool's shutdown()",
        (4, 0),
        directions=("from-child",),
    )

    def open(self, context: BaseContext) -> None:
        self.pool = ProcessPoolExecutor(max_workers=1, mp_context=context)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self.pool.submit(function, *arguments).result()

    def close(self) -> None:
        self.pool.shutdown()


class Joblib(Call):
    """An argument of a task of joblib, which writes large arrays to a file and maps it."""

    info = TransportInfo(
        "joblib",
        "joblib memmap",
        "file",
        "shares",
        "one-to-many",
        "with ``mmap_mode='r+'``, and every worker sees it",
        "joblib, which deletes its folder when the call is over",
        (1, 0),
        "shared memory",
        directions=("to-child",),
        requires=("joblib",),
    )

    def open(self, context: BaseContext) -> None:
        from joblib import Parallel

        # With one job joblib would call the function right here.
        self.parallel = Parallel(n_jobs=2, max_nbytes="100K", mmap_mode="r")

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        from joblib import delayed

        (result,) = self.parallel([delayed(function)(*arguments)])
        return result

    def close(self) -> None:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)
