"""The pages on which the log is kept: how it stands, its witnesses, its policy."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from cotutelle.engines.translog import Algorithm, Signer, Verifier
from cotutelle.institutions.models import Unit
from cotutelle.ledger import services
from cotutelle.ledger.models import Entry, LogKey, Shard, Witness, WitnessPolicy
from cotutelle.ledger.queries.log import policy_text
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.institutions import UnitFactory
from tests.factories.log import WatchedLog, make_log, make_witness, watched_log
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.ledger.readers import decide, reading
from tests.ledger.test_attacks_by_the_operator import trust

pytestmark = pytest.mark.django_db
PAGES = ("/log/status/", "/log/witnesses/", "/log/policies/")
STEPS = (
    "/log/status/seal/", "/log/status/check/", "/log/status/freeze/", "/log/status/key/",
    "/log/status/unblock/", "/log/witnesses/new/", "/log/policies/new/",
)  # fmt: skip


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


@pytest.fixture
def log(settings: Any, tmp_path: Any) -> WatchedLog:
    return make_log(settings, tmp_path)


@pytest.fixture
def keeper(log: WatchedLog) -> Person:
    return make_person(Role.SYSTEM_ADMINISTRATOR, unit=Unit.objects.get(parent=None))


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (Role.SYSTEM_ADMINISTRATOR, True),
        (Role.INSPECTOR, True),
        (Role.GRADUATE_OFFICER, True),
        (Role.PARTNER_OFFICER, False),
        (Role.MENTOR, False),
        (Role.STUDENT, False),
    ],
)
def test_who_sees_how_the_log_is_and_who_keeps_it(log: WatchedLog, role: Role, sees: bool) -> None:
    """An administrator of one institution looks on; there is one log for the whole consortium."""
    reader = reading(make_person(role))
    assert {reader.get(page).status_code for page in PAGES} == {200 if sees else 403}
    assert {reader.get(step).status_code for step in STEPS} == {403}
    assert {reader.post(step).status_code for step in STEPS} == {403}
    assert "Seal now" not in reader.get("/log/status/").text


def test_everybody_else_signs_in_first(log: WatchedLog) -> None:
    for page in (*PAGES, *STEPS):
        assert reading(None).get(page).status_code == 302


def test_the_page_counts_what_waits_is_signed_and_is_published(
    log: WatchedLog, keeper: Person
) -> None:
    before = log.publish()
    decide(2)
    log.seal()
    decide(1)
    text = " ".join(reading(keeper).get("/log/status/").text.split())
    size = log.shard.size
    assert 'Decisions that wait</dt><dd class="v">1<' in text
    assert f'In the log</dt><dd class="v">{size}<' in text
    assert f'Signed</dt><dd class="v">{size}<' in text
    assert f'Published</dt><dd class="v">{before.size}<' in text
    assert f"{size - before.size} entries" in text


def test_a_blocked_log_says_why_and_what_to_do(log: WatchedLog, keeper: Person) -> None:
    log.publish()
    Shard.objects.update(
        blocked="log.behind",
        blocked_facts={"who": "witness.example/w1", "size": 4711, "own_size": 3},
    )
    text = reading(keeper).get("/log/status/").text
    assert "Most likely an old backup was restored." in text
    assert "Restore the newest backup" in text
    assert "witness.example/w1" in text
    assert "4711" in text
    assert "Lift the block" in text
    assert "Seal now" not in text


def test_a_log_without_a_policy_says_what_is_missing(settings: Any, tmp_path: Any) -> None:
    make_log(settings, tmp_path, witnesses=0)
    keeper = make_person(Role.SYSTEM_ADMINISTRATOR, unit=Unit.objects.get(parent=None))
    text = reading(keeper).get("/log/status/").text
    assert "nothing is published until it says how many witnesses must sign." in text
    assert "policy.none" not in text


def test_a_witness_outside_the_policy_is_not_counted(log: WatchedLog, keeper: Person) -> None:
    extra, key = make_witness("witness.example/extra")
    log.signers[extra.name] = key
    student = StudentFactory.create()
    decide(1, student)
    head = log.publish()
    assert "witnessed by 3 of 3" in reading(student.person).get("/log/me/").text
    assert 'Witnesses that signed</dt><dd class="v">3' in flat(reading(None).get("/log/").text)
    log.seal()
    decide(1)
    log.cosign(log.seal(), "witness.example/w1")
    assert head.size < log.shard.size
    assert 'Witnesses that signed</dt><dd class="v">3' in flat(reading(None).get("/log/").text)


def test_a_witness_with_a_problem_is_named_in_words(log: WatchedLog, keeper: Person) -> None:
    Witness.objects.filter(name="witness.example/w2").update(problem="witness.unreachable")
    for page in ("/log/status/", "/log/witnesses/"):
        text = reading(keeper).get(page).text
        assert "The witness does not answer." in text
        assert "witness.example/w2" in text
    assert "does not answer" not in reading(None).get("/log/").text


def test_asking_to_seal_or_to_compare_queues_the_work(
    log: WatchedLog, keeper: Person, django_capture_on_commit_callbacks: Any
) -> None:
    client = reading(keeper)
    for step, says, task in (
        ("seal", "Sealing has been asked for", "cotutelle.ledger.tick"),
        ("check", "The comparison has been asked for", "cotutelle.ledger.check"),
    ):
        assert 'name="confirm"' in client.get(f"/log/status/{step}/").text
        connection.run_on_commit.clear()  # what the set-up has asked for
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(f"/log/status/{step}/", follow=True)
        assert says in answer.text
        assert ProcrastinateJob.objects.filter(task_name=task, status="todo").exists()
    assert Entry.objects.filter(actor=keeper, action="ledger.log.checked").count() == 1


def test_freezing_needs_the_origin_typed_once_more(settings: Any, tmp_path: Any) -> None:
    with watched_log(settings, tmp_path) as running:
        keeper = make_person(Role.SYSTEM_ADMINISTRATOR, unit=Unit.objects.get(parent=None))
        client, step = reading(keeper), "/log/status/freeze/"
        services.tick()
        answer = client.post(step, {"origin": "log.example/log/2", "confirm": "1"})
        assert "This is not the origin that stands above." in answer.text
        assert Shard.objects.count() == 1
        right = {"origin": "log.example/log/1", "confirm": "1"}
        answer = client.post(step, right, follow=True)
        assert "The log goes on under log.example/log/2." in answer.text
        assert Shard.objects.get(number=1).state == "frozen"
        trust(running, Shard.objects.get(number=2))
        services.tick()
    public = reading(None).get("/log/").text
    assert "Earlier origins" in public
    page = flat(client.get("/log/witnesses/").text)
    assert page.count(f'data-label="Signed up to">{Shard.objects.get(number=2).size}<') == 3
    assert reading(None).get("/log/1/checkpoint").status_code == 200


def test_nothing_is_frozen_while_too_few_witnesses_answer(log: WatchedLog, keeper: Person) -> None:
    log.publish()
    right = {"origin": "log.example/log/1", "confirm": "1"}
    answer = reading(keeper).post("/log/status/freeze/", right)
    assert "Too few witnesses answer to be sure." in answer.text
    assert Shard.objects.get().state == "open"


def test_a_new_key_stands_beside_the_old_one_and_in_the_policy(
    log: WatchedLog, keeper: Person
) -> None:
    log.publish()
    answer = reading(keeper).post("/log/status/key/", {"confirm": "1"}, follow=True)
    assert "The log has a new key." in answer.text
    keys = LogKey.objects.values_list("vkey", flat=True)
    assert len(keys) == 2
    assert all(key in policy_text() for key in keys)


def test_lifting_a_block_that_still_stands_is_refused_in_words(
    log: WatchedLog, keeper: Person
) -> None:
    log.publish()
    Shard.objects.update(blocked="log.behind", blocked_facts={"who": "witness.example/w1"})
    client = reading(keeper)
    empty = client.post("/log/status/unblock/", {"reason": ""})
    assert "1 entry needs a correction" in empty.text
    # The witnesses of this log answer nowhere: nothing can be compared.
    answer = client.post("/log/status/unblock/", {"reason": "backup restored"})
    assert answer.status_code in {200, 302}
    assert Shard.objects.get().blocked == "log.behind"


# ---------------------------------------------------------------- witnesses


def line_of(name: str = "watch.example/new", key: bytes | None = None) -> str:
    seed = key or secrets.token_bytes(32)
    return Signer(name, Algorithm.COSIGNATURE, seed).verifier.vkey


def sent(unit: Unit, **more: Any) -> dict[str, Any]:
    return {"unit": unit.pk, "vkey": line_of(), "url": "https://watch.example", **more}


def test_the_list_says_how_far_each_has_signed(log: WatchedLog, keeper: Person) -> None:
    head = log.seal()
    log.cosign(head, "witness.example/w1")
    text = flat(reading(keeper).get("/log/witnesses/").text)
    assert text.count(f'data-label="Signed up to">{head.size}<') == 1
    assert text.count('data-label="Signed up to">–<') == 2


def test_adding_a_witness(log: WatchedLog, keeper: Person) -> None:
    hospital = UnitFactory.create(kind="hospital")
    answer = reading(keeper).post("/log/witnesses/new/", sent(hospital), follow=True)
    assert "It counts once a policy names it." in answer.text
    added = Witness.objects.get(name="watch.example/new")
    assert (added.unit, added.is_operator) == (hospital, False)
    assert "not in the policy: does not count" in answer.text


def test_what_is_no_witness_is_refused_with_the_reason_at_its_field(
    log: WatchedLog, keeper: Person
) -> None:
    hospital = UnitFactory.create(kind="hospital")
    client = reading(keeper)
    taken = Witness.objects.get(name="witness.example/w1")
    same = Verifier.parse(taken.vkey).public_key
    other_name = Verifier("other.example/x", Algorithm.COSIGNATURE, same).vkey
    log_key = LogKey.objects.get().vkey
    for vkey, says in (
        ("nonsense", "This is no verifier key"),
        (log_key, "not of the kind with which a witness signs"),
        (other_name, "A witness with this very key is here already."),
    ):
        answer = client.post("/log/witnesses/new/", sent(hospital, vkey=vkey))
        assert says in answer.text
        assert answer.text.count('id="id_vkey_error"') == 1
    answer = client.post("/log/witnesses/new/", sent(hospital, url="ftp://x"))
    assert 'id="id_url_error"' in answer.text
    assert Witness.objects.count() == 3


def test_the_operators_own_witness_is_marked_and_never_offered(
    log: WatchedLog, keeper: Person
) -> None:
    reading(keeper).post(
        "/log/witnesses/new/", sent(UnitFactory.create(kind="hospital"), is_operator="on")
    )
    client = reading(keeper)
    assert "does not count" in client.get("/log/witnesses/").text
    assert "watch.example/new" not in client.get("/log/policies/new/").text


def test_a_witness_that_the_policy_needs_stays(log: WatchedLog, keeper: Person) -> None:
    needed = Witness.objects.get(name="witness.example/w1")
    spare, _signer = make_witness("witness.example/spare")
    client = reading(keeper)
    refused = client.post(f"/log/witnesses/{needed.public_id}/retire/", follow=True)
    assert "Take it out of the policy first." in refused.text
    done = client.post(f"/log/witnesses/{spare.public_id}/retire/", follow=True)
    assert "The witness is not asked any more." in done.text
    assert client.get(f"/log/witnesses/{spare.public_id}/retire/").status_code == 404


# ---------------------------------------------------------------- the policy


def chosen(count: int, needed: int, colluders: int = 0) -> dict[str, Any]:
    while Witness.objects.count() < count:
        make_witness(f"witness.example/w{Witness.objects.count() + 1}")
    ids = Witness.objects.order_by("name").values_list("public_id", flat=True)[:count]
    return {"witnesses": list(ids), "needed": needed, "colluders": colluders}


@pytest.mark.parametrize(
    ("n", "k", "down", "lie"),
    [
        (3, 2, "1 may be down, and the log goes on.", "None may collude"),
        (5, 4, "1 may be down, and the log goes on.", "2 may collude: "),
        (7, 5, "2 may be down at once", "2 may collude: "),
        (3, 3, "None may be down", "2 may collude: "),
    ],
)
def test_the_form_says_in_words_what_a_policy_tolerates(
    keeper: Person, n: int, k: int, down: str, lie: str
) -> None:
    text = reading(keeper).get("/log/policies/new/words/", chosen(n, k)).text
    assert f"{k} of {n} must sign." in text
    assert down in text
    assert lie in text
    assert "Refused" not in text


@pytest.mark.parametrize(
    ("asked", "says", "shared"),
    [
        ((4, 2, 0), "two groups without a common witness", []),
        ((3, 2, 1), "share only 1 witness", ["witness.example/w2"]),
        ((5, 4, 3), "share only 3 witnesses", [f"witness.example/w{i}" for i in (2, 3, 4)]),
    ],
)
def test_a_policy_that_lets_two_histories_pass_is_refused_with_the_two_groups(
    keeper: Person, asked: tuple[int, int, int], says: str, shared: list[str]
) -> None:
    values = chosen(*asked)
    for answer in (
        reading(keeper).get("/log/policies/new/words/", values),
        reading(keeper).post("/log/policies/new/", values | {"confirm": "1"}),
    ):
        assert says in answer.text
        both = answer.text.partition("In both")[2].partition("</dl>")[0]
        assert [
            name for name in (f"witness.example/w{i}" for i in range(1, 9)) if name in both
        ] == shared
    assert WitnessPolicy.objects.count() == 1


def test_a_policy_is_reviewed_before_it_is_set(log: WatchedLog, keeper: Person) -> None:
    client = reading(keeper)
    values = chosen(4, 3)
    review = client.post("/log/policies/new/", values)
    assert "Set the policy 3 of 4" in review.text
    assert "Until now 2 had to sign, from now on 3." in review.text
    assert "counts from now on" in review.text
    assert WitnessPolicy.objects.count() == 1
    answer = client.post("/log/policies/new/", values | {"confirm": "1"}, follow=True)
    assert "Policy 2 is in force from the next checkpoint on." in answer.text
    policy = WitnessPolicy.objects.get(number=2)
    assert policy.made_by == keeper
    assert client.get(f"/log/policies/{policy.public_id}/").content == policy.text.encode()
    assert client.get("/log/policy").text == policy.text


def test_more_than_there_are_cannot_sign(log: WatchedLog, keeper: Person) -> None:
    answer = reading(keeper).post("/log/policies/new/", chosen(3, 4))
    assert "4 of 3 can never sign" in answer.text
    assert WitnessPolicy.objects.count() == 1


def test_lists_cost_the_same_for_one_and_for_many(
    log: WatchedLog, keeper: Person, django_assert_num_queries: Any
) -> None:
    client = reading(keeper)
    client.get("/log/status/")  # fills what is remembered for a minute
    for page, queries in (("/log/witnesses/", 9), ("/log/policies/", 8), ("/log/status/", 18)):
        for count in (3, 6):
            chosen(count, 2)
            with django_assert_num_queries(queries):
                client.get(page)
