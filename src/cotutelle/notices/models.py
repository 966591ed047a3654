"""What people are told. Texts are rendered in the reader's language, never stored."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from cotutelle.core.ids import new_public_id
from cotutelle.notices.enums import DeliveryState, Wanted


class Notice(models.Model):
    """Something one person is told; ``kind`` and ``params`` make the text."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    person = models.ForeignKey("people.Person", models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True)
    unit = models.ForeignKey(
        "institutions.Unit", models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["person", "-id"]),
            models.Index(
                fields=["person"], condition=Q(read_at__isnull=True), name="notice_unread"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """One line, in the active language."""
        from cotutelle.notices.kinds import title_of  # noqa: PLC0415

        return title_of(self.kind, self.params)

    @property
    def body(self) -> str:
        """The text, in the active language."""
        from cotutelle.notices.kinds import body_of  # noqa: PLC0415

        return body_of(self.kind, self.params)

    @property
    def is_urgent(self) -> bool:
        """Whether it goes out even to those who want only urgent notices."""
        from cotutelle.notices.kinds import is_urgent  # noqa: PLC0415

        return is_urgent(self.kind)


class Delivery(models.Model):
    """The sending of a notice over one channel."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="one_delivery_a_channel"),
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="delivery_state_is_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state="pending"), name="delivery_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.state}"


class ChannelSetting(models.Model):
    """What a person wants over a channel, where it differs from the channel's default."""

    person = models.ForeignKey("people.Person", models.CASCADE, related_name="channel_settings")
    channel = models.CharField(max_length=20)
    wanted = models.CharField(max_length=10, choices=Wanted)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "channel"], name="one_setting_a_channel")
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.wanted}"
