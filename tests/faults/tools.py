"""Tools of the system that are not there: what they would answer, and what they were asked."""

from collections.abc import Callable, Sequence

from pwdload.faults.running import Ended

Answers = Callable[[Sequence[str]], tuple[int, str, str]]


class Tools:
    """Answers exit code, output and standard error of each command, and remembers it."""

    def __init__(self, answers: Answers = lambda _: (0, "", "")) -> None:
        self.asked: list[str] = []
        self._answers = answers

    def __call__(self, argv: Sequence[str], text_in: str) -> Ended:
        self.asked.append(" ".join(argv))
        exit_code, out, err = self._answers(argv)
        return Ended(exit_code=exit_code, out=out, err=err.encode())


class TrafficControl:
    """`tc` on one interface, as far as it is used here: a default qdisc, and one root in its place."""

    def __init__(self, root: str = "") -> None:
        self.root = root
        self.asked: list[str] = []

    def __call__(self, argv: Sequence[str], text_in: str) -> Ended:
        words = [word for word in argv if word not in ("ip", "netns", "exec", "x")]
        self.asked.append(" ".join(words))
        match words:
            case ["tc", "qdisc", "show", *_]:
                return _ended(f"qdisc {self.root or 'noqueue 0: root refcnt 2'} \n")
            case ["tc", "qdisc", "replace", "dev", _, "root", "handle", handle, "netem", *_]:
                self.root = f"netem {handle} root refcnt 2 limit 1000"
            case ["tc", "qdisc", "del", *_]:
                self.root = ""
        return _ended("x (id: 0)\n")


def _ended(out: str) -> Ended:
    return Ended(exit_code=0, out=out, err=b"")
