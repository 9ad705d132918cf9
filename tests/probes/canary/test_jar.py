from __future__ import annotations

from aiguilleur.probes.canary.jar import Jar

HERE = "https://idp.education.example/idp/profile"


def test_what_is_set_comes_back_to_its_own_place() -> None:
    jar = Jar()
    jar.learn(HERE, ["a=1; Path=/idp; HttpOnly", "b=2; Domain=education.example; Path=/", "c=3; Path=/other"])

    assert jar.header(HERE) == {"Cookie": "a=1; b=2"}
    assert jar.header("https://www.education.example/") == {"Cookie": "b=2"}
    assert jar.header("https://elsewhere.example/") == {}


def test_a_new_value_replaces_the_old_and_an_old_date_removes_it() -> None:
    jar = Jar()
    jar.learn(HERE, ["a=1; Path=/", "b=1; Path=/"])
    jar.learn(HERE, ["a=2; Path=/", "b=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"])

    assert jar.header(HERE) == {"Cookie": "a=2"}


def test_a_secure_cookie_of_a_localhost_name_is_sent_over_http() -> None:
    jar = Jar()
    jar.learn("http://op.education.localhost:8000/", ["s=1; Path=/; Secure; SameSite=None"])

    assert jar.header("http://op.education.localhost:8000/auth") == {"Cookie": "s=1"}


def test_nobody_sets_cookies_for_others() -> None:
    jar = Jar()
    jar.learn(HERE, ["a=1; Domain=bank.example; Path=/", "nonsense", "", "=; =", "b=1; Max-Age=x; Path"])

    assert jar.header("https://bank.example/") == {}
