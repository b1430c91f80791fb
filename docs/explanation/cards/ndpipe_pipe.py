import multiprocessing

import numpy as np

import ndpipe


def work(conn):
    array = conn.recv()
    conn.send(array * 2)


if __name__ == "__main__":
    here, there = ndpipe.Pipe()
    child = multiprocessing.Process(target=work, args=(there,))
    child.start()
    there.close()
    here.send(np.ones(1_000_000))
    print(here.recv().sum())
    child.join()
