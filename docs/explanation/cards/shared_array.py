import multiprocessing

import numpy as np


def work(shared):
    with shared.get_lock():
        np.frombuffer(shared.get_obj())[:] *= 2


if __name__ == "__main__":
    shared = multiprocessing.Array("d", 1_000_000)
    np.frombuffer(shared.get_obj())[:] = 1
    child = multiprocessing.Process(target=work, args=(shared,))
    child.start()
    child.join()
    print(np.frombuffer(shared.get_obj()).sum())
