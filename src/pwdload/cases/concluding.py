"""What an update has come to, after one try or several."""

from collections.abc import Sequence

from pwdload.accounts.entry import Event
from pwdload.cases.expectation import Accept, AcceptOrRefuse
from pwdload.cases.played import Played
from pwdload.outcome import Outcome


def _concluded(played: Played, *, is_certain: bool) -> Event:
    if played.changed_password:
        return Event.APPLIED if is_certain else Event.UNKNOWN
    return Event.UNKNOWN if played.may_have_changed_password else Event.REFUSED


def come_to(tries: Sequence[Played], *, is_certain: bool) -> Event:
    """Return what came of an update after all of its tries; without any it was never sent.

    `is_certain`: an accepted one has changed one account only, to what is known.
    """
    if len(tries) == 1:  # nearly always
        return _concluded(tries[0], is_certain=is_certain)
    events = {_concluded(played, is_certain=is_certain) for played in tries}
    return next((event for event in (Event.APPLIED, Event.UNKNOWN) if event in events), Event.REFUSED)


def forgiven(played: Played) -> Played:
    """Return a try, one before which may have been applied: then its refusal is as right as its acceptance."""
    if played.outcome not in (Outcome.WRONG_REJECT, Outcome.CONTRACT_VIOLATION) or played.answer is None:
        return played
    statuses = played.expect.statuses if isinstance(played.expect, Accept) else frozenset()
    expect = AcceptOrRefuse(statuses=statuses, codes=frozenset())
    outcome = expect.judge(played.step, played.answer)
    return played._replace(expect=expect, outcome=outcome) if outcome is Outcome.RIGHT_REJECT else played
