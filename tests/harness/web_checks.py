"""What the pages and the buttons of the web UI must hold to: ``python -m tests.harness.web_checks``."""

import json
from types import SimpleNamespace
from typing import Any

from tests.harness.checks import hold
from tests.harness.web_ui import TARGET, Idle, served
from tests.watched.course import moment
from tests.watched.snapshots import ODD, with_odd_words

OURS = (
    "/pwdload",
    "/pwdload/snapshot.json",
    "/pwdload/history.json",
    "/pwdload/report",
    "/pwdload/live.js",
    "/pwdload/live.css",
    "/pwdload/words.js",
    "/pwdload/charts.js",
    "/pwdload/tiles.js",
    "/pwdload/tables.js",
)


def pages_answer_before_the_first_run() -> None:
    it = served()
    statuses = {path: it.client().get(path).status_code for path in OURS}
    assert statuses == dict.fromkeys(OURS, 200) | {"/pwdload/report": 404}, statuses
    assert it.client().get("/pwdload/snapshot.json").get_json()["snapshot"] is None
    stats = it.client().get("/stats/requests").get_json()
    assert [tab["data"] for tab in stats["extended_stats"]] == [[]] * 5
    assert 'href="./pwdload"' in it.client().get("/").get_data(as_text=True)


def pages_are_behind_locusts_login() -> None:
    it = served(web_login=True)
    assert it.web_ui.app is not None
    it.web_ui.app.secret_key = "for a test"
    it.web_ui.login_manager.user_loader(lambda _: None)
    it.web.show(moment(3.0))
    for path in (*OURS, "/", "/stats/requests"):
        answer = it.client().get(path)
        assert answer.status_code == 302, path
        assert b"morning-rush" not in answer.get_data(), path
    for button in ("/swarm", "/stop", "/user"):
        assert it.client().post(button).status_code == 302, button
    assert not it.started
    user = SimpleNamespace(is_authenticated=True, is_active=True)
    it.web_ui.login_manager.user_loader(lambda _: user)
    client = it.client()
    with client.session_transaction() as session:
        session["_user_id"] = "somebody"
    assert client.get("/pwdload/snapshot.json").get_json()["snapshot"]["scenario"] == "morning-rush"


def pages_move_with_locusts_base_path() -> None:
    it = served(web_base_path="/load")
    assert it.client().get("/load/pwdload/snapshot.json").status_code == 200
    assert it.client().get("/pwdload/snapshot.json").status_code == 404


def history_is_given_from_where_a_page_has_it() -> None:
    it = served()
    for second in range(20):
        it.web.show(moment(float(second)))
    assert len(it.client().get("/pwdload/history.json").get_json()["rows"]) == 20
    assert len(it.client().get("/pwdload/history.json?after=18").get_json()["rows"]) == 2
    assert len(it.client().get("/pwdload/history.json?span=run&after=18").get_json()["rows"]) == 20
    assert len(it.client().get("/pwdload/history.json?after=no").get_json()["rows"]) == 20


def tabs_have_the_latest_rows_though_locust_keeps_its_answer() -> None:
    it = served()
    seen = []
    for second in (10, 20):
        it.web.show(moment(float(second)))
        stats = it.client().get("/stats/requests").get_json()
        tabs = {tab["key"]: tab["data"] for tab in stats["extended_stats"]}
        seen.append(tabs["pwdload-outcomes"][0]["since"])
        assert {"state", "stats", "errors"} <= stats.keys()
    assert seen[0] < seen[1]
    page = it.client().get("/").get_data(as_text=True)
    for title in ("Outcomes", "Error codes", "Accounts", "Faults", "Generator health"):
        assert f'"title": "{title}"' in page
    for tab in json.loads(page.split("window.templateArgs =")[1].split("</script>")[0])["extended_tables"]:
        columns = {column["key"] for column in tab["structure"]}
        assert all(columns <= row.keys() for row in tabs[tab["key"]]), tab["key"]


def no_markup_of_a_target_is_in_a_page() -> None:
    it = served()
    it.web.show(with_odd_words(moment(3.0)))
    tabs = {tab["key"]: tab["data"] for tab in it.client().get("/stats/requests").get_json()["extended_stats"]}
    assert tabs["pwdload-codes"][0]["code"] == ODD.replace("\u202e", "\\u202e"), "all there, and to be seen"
    for path in ("/", "/pwdload"):
        assert ODD not in it.client().get(path).get_data(as_text=True)
    for path in ("/pwdload/snapshot.json", "/stats/requests", "/pwdload/history.json"):
        assert it.client().get(path).mimetype == "application/json"
    answer = it.client().get("/pwdload")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def another_host_is_refused() -> None:
    it = served()
    load = {"user_count": "3", "spawn_rate": "1"}
    for host in (
        "http://production.example",
        "http://127.0.0.1:5002",
        "https://127.0.0.1:5001",
        "127.0.0.1:5001",
        "//x",
    ):
        told = it.press("/swarm", host=host, **load)
        assert not told["success"], host
        assert f"this locust drives {TARGET}" in told["message"]
        assert it.environment.host == TARGET
        assert it.options.host is None
    assert not it.started
    for host in (TARGET, f" {TARGET}/ ", ""):
        fresh = served()
        assert fresh.press("/swarm", host=host, **load)["success"], host
        assert fresh.environment.host == TARGET


def options_that_are_settled_cannot_be_set() -> None:
    it = served()
    for name in ("allow_host", "reports", "headless", "web_base_path", "stats_history_enabled"):
        told = it.press("/swarm", user_count="3", spawn_rate="1", **{name: "evil.example"})
        assert told["message"] == f"{name}: cannot be set here; start locust with --{name.replace('_', '-')} instead"
    assert (it.options.allow_host, it.options.reports, it.options.headless) == ([], "reports", False)
    assert not it.started


def the_scenario_decides_how_many_slots_there_are() -> None:
    it = served(slots=50)
    assert it.press("/swarm", user_count="9999", spawn_rate="100", run_time="1s")["success"]
    assert it.started == [()]
    assert (it.options.num_users, it.options.spawn_rate, it.options.run_time) == (None, None, None)
    picking = served(slots=50, userclass_picker_is_active=True)
    assert picking.press("/swarm", user_classes="Idle", shape_class="Default", user_count="1")["success"]
    assert picking.environment.shape_class is not None
    assert picking.started == [()]
    other = served(slots=50)
    assert "no other shape" in other.press("/swarm", shape_class="Mine")["message"]


def users_by_hand_are_held_against_the_ceiling() -> None:
    it = served(too_fast=lambda options: "too fast" if options.num_users > 100 else "")
    assert it.press("/swarm", user_count="101", spawn_rate="10")["message"] == "too fast"
    assert not it.started
    assert it.press("/swarm", user_count="100", spawn_rate="10")["success"]
    it.fire("test_start")
    assert it.press("/swarm", user_count="101", spawn_rate="10")["message"] == "too fast"
    assert it.press("/swarm", user_count="99", spawn_rate="10")["success"]
    assert it.started == [(100, 10.0), (99, 10.0)]


def an_earlier_runs_length_is_not_the_next_ones() -> None:
    it = served()
    assert it.press("/swarm", user_count="1", spawn_rate="1", run_time="90s")["success"]
    assert it.options.run_time == 90
    for event in ("test_start", "test_stopping", "test_stop"):
        it.fire(event)
    assert it.press("/swarm", user_count="1", spawn_rate="1", run_time="")["success"]
    assert it.options.run_time is None


def a_run_is_not_started_into_another() -> None:
    it = served(slots=5)
    assert it.press("/swarm")["success"]
    assert it.press("/swarm")["message"] == "A run is just being started"
    it.fire("test_start")
    assert "stop it first" in it.press("/swarm")["message"]
    it.fire("test_stopping")
    assert "still being written up" in it.press("/swarm")["message"]
    assert it.press("/stop")["message"] == "The run is being ended already"
    assert it.started == [()]
    it.fire("test_stop")
    assert it.press("/swarm")["success"]
    assert it.started == [(), ()]


def a_start_that_locust_refuses_leaves_the_way_free() -> None:
    it = served()
    assert not it.press("/swarm", user_count="many", spawn_rate="1")["success"]
    assert not it.press("/swarm")["success"]
    assert it.press("/swarm", user_count="3", spawn_rate="1")["success"]


def a_master_without_workers_says_so() -> None:
    it = served(slots=5, is_master=True)
    assert "No worker is there" in it.press("/swarm")["message"]
    runner: Any = it.environment.runner
    runner.clients = SimpleNamespace(ready=["worker"], running=[])
    assert it.press("/swarm")["success"]


def classes_are_not_changed_under_a_run() -> None:
    it = served()
    settings = json.dumps({"user_class_name": "Idle", "weight": 7})
    it.fire("test_start")
    assert it.client().post("/user", data=settings).status_code == 409
    for event in ("test_stopping", "test_stop"):
        it.fire(event)
    it.environment.available_user_tasks = {"Idle": []}
    assert it.client().post("/user", data=settings).status_code == 201
    assert Idle.weight == 7


def a_page_of_another_site_cannot_press_a_button() -> None:
    it = served()
    for button in ("/swarm", "/stop", "/stats/reset"):
        for site in ("cross-site", "same-site"):
            assert it.client().post(button, headers={"Sec-Fetch-Site": site}).status_code == 403
    assert not it.started


def a_page_of_another_site_cannot_read_an_answer() -> None:
    it = served()
    elsewhere = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    for path in (*OURS, "/", "/stats/requests", "/assets/favicon-light.png", "/nowhere"):
        for ask in (it.client().get, it.client().options):
            leave = [name for name, _ in ask(path, headers=elsewhere).headers if name.startswith("Access-Control-")]
            assert not leave, path
    assert it.web_ui.app is not None
    it.web_ui.app.view_functions["locust.index"] = lambda: str(1 / 0)
    answer = it.client().get("/", headers=elsewhere)
    assert (answer.status_code, "Access-Control-Allow-Origin" in answer.headers) == (500, False)


if __name__ == "__main__":
    hold(
        pages_answer_before_the_first_run,
        pages_are_behind_locusts_login,
        pages_move_with_locusts_base_path,
        history_is_given_from_where_a_page_has_it,
        tabs_have_the_latest_rows_though_locust_keeps_its_answer,
        no_markup_of_a_target_is_in_a_page,
        another_host_is_refused,
        options_that_are_settled_cannot_be_set,
        the_scenario_decides_how_many_slots_there_are,
        users_by_hand_are_held_against_the_ceiling,
        an_earlier_runs_length_is_not_the_next_ones,
        a_run_is_not_started_into_another,
        a_start_that_locust_refuses_leaves_the_way_free,
        a_master_without_workers_says_so,
        classes_are_not_changed_under_a_run,
        a_page_of_another_site_cannot_press_a_button,
        a_page_of_another_site_cannot_read_an_answer,
    )
