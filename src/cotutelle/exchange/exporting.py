from cotutelle.ui.exporting import *  # noqa: F403
from cotutelle.ui.exporting import Out as Out
from cotutelle.ui.exporting import Table as Table
