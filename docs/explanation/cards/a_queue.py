import multiprocessing

import numpy as np


def work(queue, number):
    queue.put(np.full(1_000_000, number))


if __name__ == "__main__":
    queue = multiprocessing.Queue()
    for number in range(2):
        multiprocessing.Process(target=work, args=(queue, number)).start()
    for _ in range(2):
        print(queue.get().shape)
