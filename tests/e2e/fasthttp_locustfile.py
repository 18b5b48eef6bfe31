"""Our locustfile, with every request sent by Locust's FastHttpSession."""

from locustfiles.password_update import *  # noqa: F403 - Locust takes the user classes that it finds here
from tests.e2e.fasthttp_client import FastHttpConnections

from pwdload.harness import session

session.Connections = FastHttpConnections  # type: ignore[attr-defined]
