import multiprocessing

import numpy as np

array = np.ones(1_000_000)


def work():
    print(array.sum())


if __name__ == "__main__":
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
