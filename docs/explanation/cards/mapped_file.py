import multiprocessing
import tempfile
from pathlib import Path

import numpy as np


def work(path):
    array = np.load(path, mmap_mode="r")
    print(array.sum())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "array.npy")
        np.save(path, np.ones(1_000_000))
        child = multiprocessing.Process(target=work, args=(path,))
        child.start()
        child.join()
