"""Addresses of tasks, authorisations and approvals."""

from __future__ import annotations

from django.urls import path

from cotutelle.workflow.views import approvals, proxies, tasks

app_name = "workflow"
urlpatterns = [
    path("", tasks.task_list, name="tasks"),
    path("board/", tasks.task_board, name="board"),
    path("board/remind/", tasks.task_remind, name="remind"),
    path("proxies/", proxies.proxy_list, name="proxies"),
    path("proxies/new/", proxies.proxy_new, name="proxy-new"),
    path("proxies/<uuid:public_id>/revoke/", proxies.proxy_revoke, name="proxy-revoke"),
    path("acts/", proxies.act_list, name="acts"),
    path("acts/<uuid:public_id>/object/", proxies.act_object, name="act-object"),
    path("approvals/", approvals.approval_list, name="approvals"),
    path("approvals/<uuid:public_id>/", approvals.approval_page, name="approval"),
    path(
        "approvals/<uuid:public_id>/withdraw/",
        approvals.approval_withdraw,
        name="approval-withdraw",
    ),
]
