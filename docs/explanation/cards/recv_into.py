import multiprocessing

import numpy as np

import ndpipe


def work(conn):
    for step in range(3):
        conn.send(np.full(1_000_000, step, dtype=float))


if __name__ == "__main__":
    here, there = ndpipe.Pipe()
    child = multiprocessing.Process(target=work, args=(there,))
    child.start()
    there.close()
    frame = np.empty(1_000_000)
    for _ in range(3):
        here.recv_into(frame)
        print(frame.sum())
    child.join()
