"""Wards and curricula, cycles and plans, the week, and the hours."""

from cotutelle.rotations.models.curricula import (
    BlockOrder,
    Curriculum,
    CurriculumBlock,
    Department,
    ElectiveGroup,
)
from cotutelle.rotations.models.hours import (
    AccountLine,
    DutyEntry,
    HourException,
    HoursAlert,
    HoursPolicy,
)
from cotutelle.rotations.models.planning import (
    Cycle,
    Participant,
    PlanEvent,
    RegionalLine,
    Scenario,
    ScenarioEdit,
    Stay,
    StayPin,
    Swap,
    Wish,
)
from cotutelle.rotations.models.wards import Accreditation, Occupancy, Ward, WardMonth
from cotutelle.rotations.models.weekly import (
    Attendance,
    ClinicalProblem,
    Meeting,
    MeetingRoom,
    Series,
    SeriesMember,
    Term,
    WeeklyBusy,
)

__all__ = [
    "AccountLine",
    "Accreditation",
    "Attendance",
    "BlockOrder",
    "ClinicalProblem",
    "Curriculum",
    "CurriculumBlock",
    "Cycle",
    "Department",
    "DutyEntry",
    "ElectiveGroup",
    "HourException",
    "HoursAlert",
    "HoursPolicy",
    "Meeting",
    "MeetingRoom",
    "Occupancy",
    "Participant",
    "PlanEvent",
    "RegionalLine",
    "Scenario",
    "ScenarioEdit",
    "Series",
    "SeriesMember",
    "Stay",
    "StayPin",
    "Swap",
    "Term",
    "Ward",
    "WardMonth",
    "WeeklyBusy",
    "Wish",
]
