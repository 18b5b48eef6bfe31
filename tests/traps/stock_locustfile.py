"""What an engineer writes with stock Locust for the same log-in: FastHttpUser, the answer checked by its body."""

import os

from locust import FastHttpUser, constant_throughput, task


class Stock(FastHttpUser):
    """Logs one account in, again and again."""

    wait_time = constant_throughput(float(os.environ["STOCK_PER_USER_PER_S"]))
    network_timeout = 30.0

    @task
    def login(self) -> None:
        """Log in, and look at the answer's body."""
        name, password = os.environ["STOCK_ACCOUNT"].split(" ")
        headers = {
            "X-operating-sys-version": "Android 14",
            "X-device-fingerprint": "0123456789abcdef",
            "X-agent": "okhttp/4.12.0",
            "X-client-id": "DRrYIqauawN0I8myTMoDTPys6ezGZxnm",
        }
        body = {"user_name": name, "password": password}
        with self.client.post(
            "/api/v2/sdk/login", json=body, headers=headers, name="login", catch_response=True
        ) as answer:
            if answer.status_code != 200 or not answer.json().get("state_token"):
                answer.failure(answer.text)
