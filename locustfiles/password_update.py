"""Locust users that change an expired password on OneAccess, and make the mistakes that real clients make.

    locust -f locustfiles/password_update.py --headless -u 50 -r 10 -t 1m
    locust -f locustfiles/password_update.py --scenario scenarios/baseline.toml --host https://staging.example.com

Each task plays one case of the catalogue (`pwdload cases` lists what it sends and what must come back). How often
each is played is the scenario's [mix]. Without --host an embedded stand-in is the target.
"""

from locust import run_single_user

from pwdload.harness import PasswordUpdateUser, case_task, install

install()


class Person(PasswordUpdateUser):
    """Somebody with the official app: changes the password, puts it off, mistypes, chooses badly."""

    login_only = case_task("login_only")
    valid_change = case_task("valid_change")
    valid_change_when_warned = case_task("valid_change_when_warned")
    skip_when_warned = case_task("skip_when_warned")
    change_then_login = case_task("change_then_login")
    wrong_old_password_then_right = case_task("wrong_old_password_then_right")

    new_password_too_short = case_task("new_password_too_short")
    new_password_too_long = case_task("new_password_too_long")
    new_password_too_simple = case_task("new_password_too_simple")
    new_password_same_as_old = case_task("new_password_same_as_old")
    new_password_from_history = case_task("new_password_from_history")
    new_password_with_user_name = case_task("new_password_with_user_name")
    new_password_repeating = case_task("new_password_repeating")
    new_password_weak = case_task("new_password_weak")
    new_password_blank = case_task("new_password_blank")
    unicode_password = case_task("unicode_password")
    password_of_50_characters = case_task("password_of_50_characters")


class FaultyApp(PasswordUpdateUser):
    """An app with bugs: leaves headers out, garbles the body, takes the wrong method."""

    os_version_missing = case_task("os_version_missing")
    os_version_blank = case_task("os_version_blank")
    fingerprint_missing = case_task("fingerprint_missing")
    fingerprint_blank = case_task("fingerprint_blank")
    agent_missing = case_task("agent_missing")
    agent_blank = case_task("agent_blank")
    client_id_missing = case_task("client_id_missing")
    client_id_blank = case_task("client_id_blank")
    unknown_client_id = case_task("unknown_client_id")

    body_not_json = case_task("body_not_json")
    body_wrong_types = case_task("body_wrong_types")
    old_password_missing = case_task("old_password_missing")
    new_password_missing = case_task("new_password_missing")
    body_with_extra_fields = case_task("body_with_extra_fields")
    body_of_1_mb = case_task("body_of_1_mb")

    wrong_method = case_task("wrong_method")
    wrong_content_type = case_task("wrong_content_type")
    content_type_missing = case_task("content_type_missing")
    content_type_blank = case_task("content_type_blank")
    tenant_id_missing = case_task("tenant_id_missing")
    tenant_id_blank = case_task("tenant_id_blank")

    token_missing = case_task("token_missing")
    token_blank = case_task("token_blank")
    token_expired = case_task("token_expired")


class Attacker(PasswordUpdateUser):
    """Somebody who tries state_tokens that are not theirs to use."""

    token_forged = case_task("token_forged")
    token_altered = case_task("token_altered")
    token_replayed = case_task("token_replayed")
    token_of_another_account = case_task("token_of_another_account")
    token_of_another_device = case_task("token_of_another_device")


class Prober(PasswordUpdateUser):
    """Somebody who tries, while all the others are at it, what a correct service must not do."""

    race_one_token = case_task("race_one_token")
    race_two_tokens = case_task("race_two_tokens")
    two_tokens_newer_first = case_task("two_tokens_newer_first")
    two_tokens_older_first = case_task("two_tokens_older_first")
    replay_after_refusal = case_task("replay_after_refusal")
    replay_later = case_task("replay_later")
    old_password_after_change = case_task("old_password_after_change")
    new_password_after_refusal = case_task("new_password_after_refusal")
    skip_when_expired = case_task("skip_when_expired")
    login_unknown_user = case_task("login_unknown_user")
    login_wrong_then_right = case_task("login_wrong_then_right")
    session_opens_ticket = case_task("session_opens_ticket")
    lockout = case_task("lockout")


class EveryClient(Person, FaultyApp, Attacker, Prober):
    """All of them in one: carries the whole mix, and is what runs unless other classes are named."""


if __name__ == "__main__":
    run_single_user(Person)
