"""The same login through Locust's own HttpUser: JSON built, answer parsed, status and token checked."""

from locust import HttpUser, constant, task
from tests.bench.peers._login import HEADERS, PATH, accounts, is_right


class Person(HttpUser):
    """Logs in again and again over one kept connection."""

    wait_time = constant(0)
    accounts = accounts()

    @task
    def log_in(self) -> None:
        """Log the next account in."""
        user_name, password = next(self.accounts)
        body = {"user_name": user_name, "password": password}
        with self.client.post(PATH, json=body, headers=HEADERS, name="login", catch_response=True) as response:
            if response.status_code != 200 or not is_right(response.json()):
                response.failure(f"not what had to come: {response.status_code}")
