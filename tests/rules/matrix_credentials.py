"""What certificates put into the world of the access matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cotutelle.credentials.enums import AchievementState, SignerRole
from cotutelle.credentials.services.awards import Proposal, propose_award, sign_award
from cotutelle.credentials.services.issuing import issue_awards
from cotutelle.credentials.services.shares import make_share
from cotutelle.credentials.services.status_lists import publish_lists
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from tests.factories.credentials import STATED, make_achievement

if TYPE_CHECKING:
    from tests.rules.matrix_world import World


def put_credentials(world: World, student: Student, mentor: Person) -> None:
    """A draft, an achievement in use, awards that wait, a certificate and what hangs on it."""
    officer: Any = world.actors["graduate_officer"]
    draft = make_achievement(world.home, state=AchievementState.DRAFT, actor=officer)
    used = make_achievement(world.home, signers=(SignerRole.PRINCIPAL,), actor=officer)
    another = make_achievement(world.home, signers=(SignerRole.PRINCIPAL,), actor=officer)
    third = make_achievement(world.home, signers=(SignerRole.PRINCIPAL,), actor=officer)
    world.put("achievement", "draft", draft)
    world.put("achievement", "in_use", used)
    waiting, signed, issued = (
        propose_award(one, Proposal(student, STATED[one.kind]), actor=officer)  # type: ignore[index]
        for one in (used, another, third)
    )
    for award in (signed, issued):
        sign_award(award, SignerRole.PRINCIPAL, agrees=True, actor=mentor)
    world.put("award", "waiting", waiting)
    world.put("award", "signed", signed)
    run = issue_awards([issued], actor=officer)
    assert run is not None
    world.put("run", "certificates", run)
    issued.refresh_from_db()
    credential = issued.credential
    world.put("credential", "student", credential)
    world.put("issuer_key", "home", credential.key)
    publish_lists()
    share = make_share(credential, actor=student.person)
    world.put("share", "student", share, token=share.token)
