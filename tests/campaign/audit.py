"""What this process does besides computing: import, look up what a pickle names, open, start."""

import sys
from typing import Any

__all__ = ["Audit"]

_WATCHED = ("pickle.find_class", "import", "exec", "compile", "open", "subprocess.Popen")
_WATCHED += ("os.system", "os.exec", "os.fork", "os.remove", "socket.connect", "ctypes.dlopen")


class Audit:
    """A record of such events while a ``with`` block runs. A hook stays for good: one a process."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self._is_on = False
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self._is_on and event in _WATCHED:
            self.events.append(f"{event} {args[:2]!r:.80}")

    def __enter__(self) -> list[str]:
        self.events = []
        self._is_on = True
        return self.events

    def __exit__(self, *_: object) -> None:
        self._is_on = False
