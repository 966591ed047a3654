"""Addresses of the log: what machines read, what anybody reads, and where it is kept."""

from __future__ import annotations

from django.urls import path

from cotutelle.ledger.views import entry, log, policies, public, trace, witnesses

app_name = "log"
urlpatterns = [
    path("", public.home, name="home"),
    path("policy", public.policy, name="policy"),
    path("<int:number>/checkpoint", public.checkpoint, name="checkpoint"),
    path("<int:number>/tile/<path:rest>", public.tile, name="tile"),
    path("<int:number>/entries/<int:index>/", entry.entry, name="entry"),
    path("<int:number>/entries/<int:index>/proof.tlog-proof", entry.proof, name="proof"),
    path("<int:number>/entries/<int:index>/evidence.json", entry.evidence, name="evidence"),
    path("me/", trace.mine, name="mine"),
    path("me/proves/", trace.proves, name="proves"),
    path("people/<uuid:public_id>/", trace.of_person, name="trace"),
    path("issued/", trace.issued, name="issued"),
    path("status/", log.status, name="status"),
    path("status/seal/", log.seal, name="seal"),
    path("status/check/", log.check, name="check"),
    path("status/freeze/", log.freeze, name="freeze"),
    path("status/key/", log.rotate, name="rotate"),
    path("status/unblock/", log.unblock, name="unblock"),
    path("witnesses/", witnesses.witnesses, name="witnesses"),
    path("witnesses/new/", witnesses.add, name="witness-new"),
    path("witnesses/<uuid:public_id>/retire/", witnesses.retire, name="witness-retire"),
    path("policies/", policies.policies, name="policies"),
    path("policies/new/", policies.new, name="policy-new"),
    path("policies/new/words/", policies.words, name="policy-words"),
    path("policies/<uuid:public_id>/", policies.text, name="policy-text"),
]
