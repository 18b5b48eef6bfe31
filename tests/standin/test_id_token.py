"""id_tokens: who gets one, and what it is verified with."""

import json
from collections.abc import Callable
from pathlib import Path

import jwt
from tests.standin.client import CLIENT_ID, NEW, World

from pwdload.standin.settings import Settings
from pwdload.standin.store import Store
from pwdload.standin.tokens import IdTokens, new_rsa_key


def test_an_id_token_verifies_against_the_published_key(make_world: Callable[..., World]) -> None:
    """With id_token on, login and update hand out RS256 tokens that any OIDC library can check."""
    world = make_world(id_token=True)
    world.seed()
    token = world.update(world.state_token()).text("id_token")
    keys = world.call("GET", "/api/v1/oauth2/keys", bare=True).fields["keys"]
    assert isinstance(keys, list)
    claims = jwt.decode(
        token,
        jwt.PyJWK(keys[0]).key,
        algorithms=["RS256"],
        audience=CLIENT_ID,
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    assert jwt.get_unverified_header(token)["kid"] == keys[0]["kid"]
    assert json.loads(claims["api"])["userName"] == "zhangsan"
    assert claims["exp"] - claims["iat"] == 7200
    assert "id_token" in world.login(NEW).fields


def test_the_token_call_hands_out_an_id_token_of_the_application(world: World) -> None:
    """The documented answer carries one, whatever users get, and it verifies against the published key."""
    credentials = b"grant_type=client_credentials&client_id=standin-admin&client_secret=standin-secret"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    token = world.call("POST", "/api/v2/tenant/token", credentials, form, bare=True).text("id_token")
    keys = world.call("GET", "/api/v1/oauth2/keys", bare=True).fields["keys"]
    assert isinstance(keys, list)
    unchecked = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    key = jwt.PyJWK(keys[0]).key
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="standin-admin", options=unchecked)  # type: ignore[arg-type]
    assert claims["sub"] == "standin-admin"


def test_the_key_of_id_tokens_is_made_when_it_is_needed(tmp_path: Path) -> None:
    """Making a key takes longer than the rest of the start, and most runs never ask for one; asked for, it is kept."""
    made = []

    def make() -> bytes:
        made.append(new_rsa_key())
        return made[-1]

    store = Store(tmp_path / "one.db")
    tokens = IdTokens(Settings(), lambda: store.secret("id_token_key", make), lambda: 0.0)
    assert made == []
    assert tokens.key_set() == tokens.key_set()
    assert IdTokens(Settings(), lambda: store.secret("id_token_key", make), lambda: 0.0).key_set() == tokens.key_set()
    assert len(made) == 1
    store.close()
