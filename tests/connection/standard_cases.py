"""CPython's tests of connections over ndpipe.Pipe, where children can import them by name."""

import unittest

from test import _test_multiprocessing as suite

import ndpipe


class _OurPipe(suite.ProcessesMixin):
    Pipe = staticmethod(ndpipe.Pipe)


class Connection(suite._TestConnection, _OurPipe, unittest.TestCase):
    pass


class Poll(suite._TestPoll, _OurPipe, unittest.TestCase):
    pass


class PicklingConnections(suite._TestPicklingConnections, _OurPipe, unittest.TestCase):
    pass


class Wait(suite.TestWait):
    pass
