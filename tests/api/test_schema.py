"""The interface keeps what its description says, for values nobody thought of."""

from __future__ import annotations

import re

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source

from cotutelle.people.services import create_token
from tests.api.season import make_season

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

_UUID = re.compile(r"[0-9a-f-]{36}", re.IGNORECASE)
# What a body may refer to, by the name of the value: something that is there.
_REFERS = {"unit": "unit_id", "parent": "unit_id", "round": "round_id", "mentor": "mentor_id"}
# A value may be of the right form and still name nothing: 404, 409, 412 and 422 are answers.
# A list far too long is refused before it is read: 413.
_REFUSALS = [400, 401, 403, 404, 405, 409, 412, 413, 422, 428]
_CONFIG = {
    "negative_data_rejection": {"expected-statuses": _REFUSALS},
    "positive_data_acceptance": {"expected-statuses": ["2xx", 403, 404, 409, 412, 422]},
    "missing_required_header": {"expected-statuses": [403, 404, 409, 422, 428]},
}
_PHASES = {"coverage": {"unexpected-methods": ["DELETE"]}}


def _checks():
    load_all_checks()
    # Nothing is ever deleted here, and these two follow a deleted or created thing around.
    left_out = {"use_after_free", "ensure_resource_availability"}
    return [c for c in CHECKS.get_all() if c.__name__ not in left_out]


@pytest.fixture(scope="module")
def season(django_db_setup, django_db_blocker):
    """One season for all operations; each example takes back what it changed."""
    with (
        django_db_blocker.unblock(),
        transaction.atomic(),
        pytest.MonkeyPatch.context() as patched,
    ):
        # Neither the end of a request nor the end of a test may close this connection.
        patched.setattr(connection, "close", lambda: None)
        yield make_season()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def token(season):
    return create_token(season.officer, "schema", days=1, actor=season.officer)[1]


schema = schemathesis.openapi.from_wsgi(
    "/api/v1/openapi.json",
    get_wsgi_application(),
    config=SchemathesisConfig.from_dict({"checks": _CONFIG, "phases": _PHASES}),
)
OPERATIONS = {one.ok().label: one.ok() for one in schema.get_all_operations()}


@hypothesis_settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def _is_as_described(case, ids, token):
    for name, value in (case.path_parameters or {}).items():
        if name in ids and (name == "subject_type" or _UUID.fullmatch(str(value))):
            case.path_parameters[name] = ids[name]
    if isinstance(case.body, dict):
        for name, known in _REFERS.items():
            if _UUID.fullmatch(str(case.body.get(name, ""))):
                case.body[name] = ids[known]
    if case.headers and "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    with transaction.atomic():
        case.call_and_validate(
            headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
            checks=_checks(),
        )
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def feedback():
    """What the operations teach each other about values."""
    return FeedbackSources(constants_value_source=make_constants_value_source(schema))


# `schema.parametrize()` works out all examples of all operations while tests are collected, and
# every process collects every test.
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_operation_is_as_described(label, season, token, feedback, settings):
    settings.COTUTELLE_API_PER_MINUTE = 10_000_000
    examine = build_operation_test(
        config=schema.config,
        operation=OPERATIONS[label],
        test_func=_is_as_described,
        given_kwargs={},
        feedback=feedback,
    )
    examine(ids=season.ids(), token=token)
