"""Answers in breach of the contract, and answers that tell too much."""

import json
from collections.abc import Mapping

from pwdload.standin.answers import Answer, Refusal
from pwdload.standin.assembly import Classes
from pwdload.standin.call import Call
from pwdload.standin.defects.defect import Defect, Tuned
from pwdload.standin.endpoint import Endpoint

_SDK = "/api/v2/sdk/"
_UPDATE = f"{_SDK}pwd/update"
_FAILED = {"error_code": "LOGIN.0003", "error_msg": "id_token generate error."}
_PASSWORDS = ("password", "old_password", "new_password")


def _ok_with_error(tuned: Tuned) -> Classes:
    class OkWithError(Endpoint):
        """Refuses with HTTP 200, and fails with HTTP 200 after a change is made."""

        async def _handle(self, call: Call) -> Answer:
            answer = await super()._handle(call)
            if self._route != _UPDATE or not tuned.strikes():
                return answer
            is_error = "error_code" in (answer.fields or {})
            return Answer(fields=answer.fields if is_error else _FAILED, headers=answer.headers)

    return Classes(endpoint=OkWithError)


def _wrong_types(tuned: Tuned) -> Classes:
    class WrongTypes(Endpoint):
        async def _handle(self, call: Call) -> Answer:
            answer = await super()._handle(call)
            session_token = answer.text("session_token")
            if not (session_token and tuned.strikes()):
                return answer
            number = int.from_bytes(session_token[:6].encode())
            fields = {**(answer.fields or {}), "session_token": number}
            return Answer(fields={**fields, "expire": str(fields["expire"])}, headers=answer.headers)

    return Classes(endpoint=WrongTypes)


class _Echo(Endpoint):
    """Quotes the passwords of a body in the message that refuses it."""

    def _refused(self, call: Call, refusal: Refusal) -> Answer:
        answer = super()._refused(call, refusal)
        given = ", ".join(_passwords(call.body)) if self._route.startswith(_SDK) else ""
        if not given:
            return answer
        fields = {**(answer.fields or {}), "error_msg": f"{answer.text('error_msg')} Given: {given}"}
        return Answer(http_status=answer.http_status, fields=fields, headers=answer.headers)


def _passwords(body: bytes) -> list[str]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if not isinstance(fields, Mapping):
        return []
    return [value for name in _PASSWORDS if isinstance(value := fields.get(name), str) and value.strip()]


DEFECTS = (
    Defect(
        name="ok_with_error_body",
        sentence="Of the answers to pwd/update a share VALUE is HTTP 200 over a body of error_code and error_msg: what"
        " is refused, and what is made as well.",
        share=0.1,
        fit=_ok_with_error,
    ),
    Defect(
        name="wrong_field_types",
        sentence="Of the answers with a session a share VALUE has expire as a text and session_token as a number.",
        share=0.1,
        fit=_wrong_types,
    ),
    Defect(
        name="password_echoed",
        sentence="The error_msg of a refused login or change quotes the passwords that were sent.",
        fit=lambda _: Classes(endpoint=_Echo),
    ),
)
