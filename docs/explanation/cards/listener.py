import multiprocessing
from multiprocessing.connection import Client, Listener

import numpy as np

import ndpipe


def work(address):
    with ndpipe.wrap(Client(address, authkey=b"secret")) as conn:
        conn.send(np.ones(1_000_000))


if __name__ == "__main__":
    with Listener(("localhost", 0), authkey=b"secret") as listener:
        child = multiprocessing.Process(target=work, args=(listener.address,))
        child.start()
        with ndpipe.wrap(listener.accept()) as conn:
            print(conn.recv().sum())
        child.join()
