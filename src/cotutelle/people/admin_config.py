from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class RepairAdminConfig(AdminConfig):
    default_site = "cotutelle.people.repairs.RepairSite"
