"""Makes the sample of each exchange: what every request pays for, in one place."""

from typing import Final

from pwdload.cases.played import Played
from pwdload.passwords import Shape
from pwdload.samples import SampleWriter
from pwdload.samples.page import NULL_S, Words, pack

WORD_LENGTH_MAX: Final = 100
"""A status or code longer than this is no word of any contract; what a hostile target sends must not fill the disk."""
_PLAIN: Final = Shape.PLAIN


class Sampler:
    """Keeps the exchanges of one process as samples, numbered from 0."""

    def __init__(self, writer: SampleWriter, worker: str) -> None:
        self.made = 0
        """How many exchanges had a number."""
        self.left_out = 0
        """How many of them could not be made a sample."""
        self._writer = writer
        self._worker = worker

    def keep(self, played: Played, flow: int, case: str, device: str, stage: str) -> None:
        """Keep one exchange.

        Raises:
            Exception: a value is not what its column holds. `leave_out` is to follow; other samples are not concerned.
        """
        step, expect, exchange, answer, outcome, intended_s, account, sent, token, session, remark, attempt = played
        password, new, _ = sent
        # What the sample's words follow from, of things that are hashed in no time: words that are not met anew need
        # not be made. Of an enum that is its value, since it has Python hash it, and of an expectation its label.
        seen = (
            step._value_,
            case,
            stage,
            device,
            outcome._value_,
            expect.label,
            remark,
            attempt,
            exchange.http_status,
            None if password is None else password[0] if password[1] is _PLAIN else password.word,
            None if new is None else new[0] if new[1] is _PLAIN else new.word,
            exchange.transport if answer is None else answer.status,
            None if answer is None else answer.error_code,
        )
        writer = self._writer
        page = writer.page
        number = page.numbers.get(seen)
        if number is None:
            words = self._words(played, case, device, stage)
            number = page.number(words)
            if answer is None or (len(answer.status) + len(answer.error_code) + len(remark) <= WORD_LENGTH_MAX):
                page.numbers[seen] = number  # else it would keep whatever a target sends
        sent_s, first_byte_s = exchange.sent_s, exchange.first_byte_s
        connect_s, tls_s = exchange.connect_s, exchange.tls_s
        rows = page.rows
        rows.append(
            pack(
                number,
                account.generation,
                self.made,
                flow,
                account.index,
                token,
                session,
                intended_s,
                NULL_S if sent_s is None else sent_s,
                NULL_S if first_byte_s is None else first_byte_s,
                exchange.done_s,
                NULL_S if connect_s is None else connect_s,
                NULL_S if tls_s is None else tls_s,
                exchange.bytes_sent,
                exchange.bytes_received,
            )
        )
        self.made += 1
        if len(rows) >= writer.block_rows:
            writer.flush()

    def leave_out(self) -> None:
        """Pass over the exchange that could not be kept, so that it is missed where it would have been."""
        self.made += 1
        self.left_out += 1

    def _words(self, played: Played, case: str, device: str, stage: str) -> Words:
        password, new, _ = played.sent
        return Words(
            worker=self._worker,
            step=played.step.value,
            case=case,
            stage=stage,
            password=password.word if password is not None else "",
            new_password=new.word if new is not None else "",
            device=device,
            status=played.answer.status[:WORD_LENGTH_MAX] if played.answer is not None else "",
            error_code=played.error_code[:WORD_LENGTH_MAX],
            outcome=played.outcome.value,
            remark=played.remark[:WORD_LENGTH_MAX],
            expected=played.expect.label,
            http_status=played.exchange.http_status,
            attempt=played.attempt,
        )
