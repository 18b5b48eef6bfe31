"""The access_token of the tenant API, for the flows of one process that need it."""

import time
from collections.abc import Mapping

from pwdload.api.connections import Connections
from pwdload.api.tenant import TenantClient
from pwdload.errors import PwdloadError
from pwdload.harness.plan import Plan
from pwdload.harness.rearming import credentials
from pwdload.harness.recorder import Recorder


class Access:
    """Fetches the token when it is first needed, and again before it ends: not once per flow."""

    def __init__(
        self, plan: Plan, connections: Connections, recorder: Recorder, environment: Mapping[str, str]
    ) -> None:
        self._plan = plan
        self._connections = connections
        self._recorder = recorder
        self._environment = environment
        self._client: TenantClient | None = None
        self._said: set[str] = set()

    def access_token(self) -> str:
        """Return one that is valid; empty when none is to be had, which the report then says."""
        try:
            return self._client_of_tenant().access_token()
        except PwdloadError as error:
            if str(error) not in self._said:
                self._said.add(str(error))
                self._recorder.note(f"Flows that need the tenant API ended before it: {error}.")
        return ""

    def forget(self, token: str) -> None:
        """Fetch another one when the next is asked for."""
        if self._client is not None:
            self._client.forget(token)

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()

    def _client_of_tenant(self) -> TenantClient:
        if self._client is None:
            self._client = TenantClient(
                self._connections,
                credentials(self._plan, self._environment),
                clock=time.monotonic,
                tenant_id=self._plan.scenario.target.tenant_id,
            )
        return self._client
