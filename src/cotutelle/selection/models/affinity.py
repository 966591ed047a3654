"""How near an offer stands to what a student wrote."""

from __future__ import annotations

from django.db import models

from cotutelle.selection.models.season import Offer, Participant


class AffinityScore(models.Model):
    """
    One of the nearest offers of a student in a round, with its reasons.

    ``rank`` counts from 1 over all open offers and shares a place between equals; ``above`` is the
    percentage of the ``compared`` offers that are less near. Pairs with a conflict of interest have
    no row. ``nearest`` holds what stood closest: ``kind`` (``interests``, ``paper`` or ``offer``),
    its ``title``, and the student's item (``item``). ``channels`` are the parts of the score by
    name; ``items`` counts the mentors' texts: with fewer than three it is too little to judge.
    """

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="affinity_scores")
    offer = models.ForeignKey(Offer, models.CASCADE, related_name="affinity_scores")
    score = models.FloatField()
    rank = models.PositiveIntegerField()
    above = models.PositiveSmallIntegerField()
    compared = models.PositiveIntegerField()
    terms = models.JSONField(default=list)
    nearest = models.JSONField(default=list)
    channels = models.JSONField(default=dict)
    items = models.PositiveSmallIntegerField(default=0)
    model_version = models.CharField(max_length=40)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "offer"], name="affinity_once"),
        ]
        indexes = [models.Index(fields=["participant", "rank"])]

    def __str__(self) -> str:
        return f"{self.participant} – {self.offer}: {self.rank}"
