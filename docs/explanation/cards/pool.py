from concurrent.futures import ProcessPoolExecutor

import numpy as np


def work(seed):
    return np.random.default_rng(seed).random(1_000_000)


if __name__ == "__main__":
    with ProcessPoolExecutor(max_workers=2) as pool:
        for array in pool.map(work, range(4)):
            print(array.shape)
