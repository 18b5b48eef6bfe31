"""Tokens: the signed state_token, the signed id_token, and the opaque ones that only the database knows."""

import base64
import hashlib
import json
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pwdload.standin.answers import Refusal
from pwdload.standin.clock import Clock
from pwdload.standin.faults import TokenClock
from pwdload.standin.reasons import Reason
from pwdload.standin.settings import Settings

Purpose = Literal["PASSWORD_WARN", "PASSWORD_EXPIRED", "MFA_AUTH"]
"""The login status with which a state_token was handed out; it decides what the token is good for."""

_ALPHABET = string.ascii_letters + string.digits
_KEY_ID = "k1"


def opaque_token() -> str:
    """Return a new session_token or sso_ticket: 32 letters and digits, about 190 bits."""
    # Eight of the 62 come up a little more often; one draw instead of 32 makes a login a tenth faster.
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in secrets.token_bytes(32))


def access_token() -> str:
    """Return a new access_token of the management API, which looks like a UUID."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Which application on which device makes a request."""

    client_id: str
    device_fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateToken:
    """What a valid state_token says."""

    token_id: str
    """Names the token for single use; sorts by expiry, so that forgetting the expired ones is a range delete."""
    user_id: str
    purpose: Purpose
    client_id: str
    device: str
    """Digest of the X-device-fingerprint that it was handed to."""


class StateTokens:
    """Signs and reads state_tokens: HS256 JWTs whose claim ``subject`` is a JSON document in a string."""

    def __init__(self, settings: Settings, key: bytes, clock: Clock, token_clock: TokenClock) -> None:
        self._settings = settings
        self._key = key
        self._clock = clock
        self._token_clock = token_clock

    def issue(self, user_id: str, purpose: Purpose, caller: Caller) -> str:
        """Return a new token for a user who has just shown the right password."""
        expires_s = self._clock() + self._settings.state_token_life_s
        token_id = f"{int(expires_s * 1000):013d}{secrets.token_hex(8)}"
        subject = {
            "user_id": user_id,
            "status": purpose,
            "client_id": caller.client_id,
            "device": _short(caller.device_fingerprint),
        }
        claims = {"subject": json.dumps(subject), "jti": token_id, "exp": expires_s}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def read(self, token: str, caller: Caller) -> StateToken:
        """Return what the token says; whether it has been used already is the database's knowledge.

        Raises:
            Refusal: it is not ours, altered, expired, or was handed to another application or device.
        """
        state_token = self.opened(token)
        if not (self._is_of_client(caller, state_token) and self._is_of_device(caller, state_token)):
            raise Refusal(Reason.STATE_TOKEN_INVALID)
        return state_token

    def opened(self, token: str) -> StateToken:
        """Return what the token says, whoever sends it.

        Raises:
            Refusal: it is not ours, altered, or expired.
        """
        try:
            claims = self._claims(token)
            subject = json.loads(claims["subject"])
            state_token = StateToken(
                token_id=claims["jti"],
                user_id=subject["user_id"],
                purpose=subject["status"],
                client_id=subject["client_id"],
                device=subject["device"],
            )
            is_expired = self._is_expired(claims)
        except (jwt.InvalidTokenError, ValueError, LookupError, TypeError):
            raise Refusal(Reason.STATE_TOKEN_INVALID) from None
        if is_expired:
            raise Refusal(Reason.STATE_TOKEN_INVALID)
        return state_token

    def _claims(self, token: str) -> Mapping[str, Any]:
        # PyJWT would compare with the machine's time; we compare with the time that was passed in.
        return jwt.decode(token, self._key, algorithms=["HS256"], options={"verify_exp": False})

    def _is_expired(self, claims: Mapping[str, Any]) -> bool:
        return self._token_clock.is_over(float(claims["exp"]), self._settings.state_token_life_s)

    def _is_of_client(self, caller: Caller, token: StateToken) -> bool:
        return caller.client_id == token.client_id or not self._settings.state_token_bound_to_client

    def _is_of_device(self, caller: Caller, token: StateToken) -> bool:
        return _short(caller.device_fingerprint) == token.device or not self._settings.state_token_bound_to_device


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What an id_token says about a user."""

    user_id: str
    user_name: str
    name: str
    mobile: str
    email: str


class IdTokens:
    """Signs id_tokens with RS256 and publishes the key. The claims follow the published sample.

    The key is fetched when it is first needed: making one takes longer than the rest of the program's start.
    """

    def __init__(self, settings: Settings, key_pem: Callable[[], bytes], clock: Clock) -> None:
        self._life_s = settings.id_token_life_s
        self._clock = clock
        self._key_pem = key_pem

    def prepare(self) -> None:
        """Fetch the key now, so that no request waits for it."""
        _ = self._key

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        key = serialization.load_pem_private_key(self._key_pem(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - narrows the type; we made the key ourselves
        return key

    def issue(self, identity: Identity, client_id: str) -> str:
        """Return a new id_token that tells an application who its user is."""
        api = {
            "id": identity.user_id,
            "userName": identity.user_name,
            "name": identity.name,
            "mobile": identity.mobile,
            "email": identity.email,
        }
        return self._signed(identity.user_id, client_id, api)

    def issue_to_client(self, client_id: str) -> str:
        """Return a new id_token of an application itself, as the management API's token call hands out."""
        return self._signed(client_id, client_id, {"id": client_id})

    def _signed(self, subject: str, audience: str, api: Mapping[str, str]) -> str:
        issued_s = int(self._clock())
        claims = {
            "iss": "pwdload-standin",
            "aud": audience,
            "sub": subject,
            "iat": issued_s,
            "nbf": issued_s - 120,
            "exp": issued_s + self._life_s,
            "jti": secrets.token_urlsafe(16),
            "api": json.dumps(api, ensure_ascii=False),
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": _KEY_ID})

    def key_set(self) -> Mapping[str, object]:
        """Return the public key as a JSON Web Key Set (RFC 7517)."""
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": _KEY_ID,
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }
        return {"keys": [key]}


def new_rsa_key() -> bytes:
    """Return a new RSA key of 2048 bits as PEM. Takes some 100 ms."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _number(value: int) -> str:
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _short(text: str) -> str:
    """Return a digest of constant length: a fingerprint may be long, and the token travels in a header."""
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
