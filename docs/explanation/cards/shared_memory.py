import multiprocessing
from multiprocessing.shared_memory import SharedMemory

import numpy as np


def work(memory):
    array = np.ndarray((1_000_000,), buffer=memory.buf)
    array *= 2
    del array
    memory.close()


if __name__ == "__main__":
    memory = SharedMemory(create=True, size=8_000_000)
    array = np.ndarray((1_000_000,), buffer=memory.buf)
    array[:] = 1
    child = multiprocessing.Process(target=work, args=(memory,))
    child.start()
    child.join()
    print(array.sum())
    del array
    memory.close()
    memory.unlink()
