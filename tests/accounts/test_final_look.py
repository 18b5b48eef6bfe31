"""The last look: which of two passwords opens an account, at the cost of one wrong one at most."""

from dataclasses import dataclass, field

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Status
from pwdload.accounts.final_look import Look, Opens, chosen, in_words, last_look
from pwdload.accounts.reading import Reading, Says


def look(index: int, *, status: Status = Status.CHANGED, now: int = 1) -> Look:
    """Return an account that was changed from generation 0."""
    entry = Entry(index=index, user_name=f"u{index}", status=status, in_force=PasswordRef(now))
    return Look(entry=entry, earlier=PasswordRef(0) if now else None)


@dataclass
class Target:
    """Knows which generations open which account; what it is not to answer, it does not."""

    opens: dict[int, set[str]]
    says: dict[int, Says] = field(default_factory=dict)
    knocks: list[tuple[int, str]] = field(default_factory=list)
    probes: int = 0

    def text(self, entry: Entry, ref: PasswordRef) -> str | None:
        """Return what stands for the password."""
        return None if ref.generation > 9 else ref.word

    def knock(self, entry: Entry, password: str) -> Reading:
        """Answer a login."""
        self.knocks.append((entry.index, password))
        said = Says.OPENS if password in self.opens.get(entry.index, ()) else Says.WRONG
        return Reading(says=self.says.get(entry.index, said))

    def probe(self) -> bool:
        """Answer nothing."""
        self.probes += 1
        return False


def test_each_account_is_tried_with_both_passwords_the_right_one_last() -> None:
    """So that the count of failed attempts ends at none."""
    target = Target({1: {"1"}, 2: {"0"}, 3: {"0", "1"}, 4: set()})
    seen = last_look([look(n) for n in (1, 2, 3, 4)], target, rate_per_s=1e6, threads=1)
    assert seen == {1: Opens(True, False), 2: Opens(False, True), 3: Opens(True, True), 4: Opens(False, False)}
    assert target.knocks == [(n, word) for n in (1, 2, 3, 4) for word in ("0", "1")]


def test_what_no_answer_says_is_not_known() -> None:
    """A lock, a denial or a password that nobody can know is no statement about the target."""
    target = Target({1: {"1"}}, says={2: Says.LOCKED, 3: Says.DENIED})
    seen = last_look([look(2), look(3), look(1, now=10)], target, rate_per_s=1e6, threads=1)
    assert seen == {2: Opens(None, None), 3: Opens(None, None), 1: Opens(None, False)}


def test_a_target_that_is_gone_is_not_waited_for_again_and_again() -> None:
    """After its patience is over nothing more is sent."""
    target = Target({}, says=dict.fromkeys(range(50), Says.SILENCE))
    seen = last_look([look(n) for n in range(50)], target, rate_per_s=1e6, threads=1, patience_s=0.0)
    assert set(seen.values()) == {Opens(None, None)}
    assert len(target.knocks) == 1
    assert target.probes == 1


def test_an_account_that_was_not_changed_is_tried_with_its_password_alone() -> None:
    """There is no older one that must not open it."""
    target = Target({1: {"0"}, 2: set()})
    seen = last_look([look(1, now=0), look(2, now=0)], target, rate_per_s=1e6, threads=1)
    assert seen == {1: Opens(True, None), 2: Opens(False, None)}
    assert len(target.knocks) == 2


def test_a_slow_target_does_not_hold_up_the_end_of_a_run() -> None:
    """What cannot be asked in time is left out, and nothing is said of it."""
    target = Target({n: {"1"} for n in range(50)})

    def clock() -> float:
        return 2.0 * len(target.knocks)  # each login takes two seconds

    seen = last_look([look(n) for n in range(50)], target, rate_per_s=1e6, threads=1, lasts_s=5.0, clock=clock)
    assert seen == {0: Opens(True, False), 1: Opens(True, False)}


def test_accounts_are_chosen_evenly_the_changed_ones_first() -> None:
    """A fifth is left to those that were not changed; what is out of use or in doubt can say nothing."""
    changed = [look(n) for n in range(100)]
    unchanged = [look(n, now=0) for n in range(300, 400)]
    others = [look(200, status=Status.RETIRED), look(201, status=Status.UNKNOWN)]
    assert [one.entry.index for one in chosen([*others, *changed, *unchanged], 5)] == [0, 25, 50, 75, 300]
    assert len(chosen([*others, *changed, *unchanged], 150)) == 150
    assert chosen([*others, *changed], 200) == changed
    assert not chosen(changed, 0)


def test_accounts_that_nobody_answered_for_are_not_told_as_lost() -> None:
    """A target that is gone says nothing of any account: what could not be tried stands apart."""
    silent = dict.fromkeys(range(68), Opens(now=None, earlier=None))
    assert "0 open with the password that they should have; 68 could not be tried: no answer" in in_words(silent)
    assert in_words({1: Opens(now=True, earlier=False)}).endswith("1 open with the password that they should have.")
