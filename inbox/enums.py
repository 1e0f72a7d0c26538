from django.db import models
from django.utils.translation import gettext_lazy as _


class Box(models.TextChoices):
    """The places of the sales inbox that list conversations."""

    INBOX = "inbox", _("Inbox")
    SNOOZED = "snoozed", _("Snoozed")
    SENT = "sent", _("Sent")
    ARCHIVE = "archive", _("Archive")
    TRASH = "trash", _("Trash")
    JUNK = "junk", _("Spam")
    ALL = "all", _("All mail")


class Tab(models.TextChoices):
    """The split of a list that is always at hand."""

    ALL = "all", _("All")
    UNREAD = "unread", _("Unread")
    LINKED = "linked", _("Linked")
    UNLINKED = "unlinked", _("Not linked")


class WaitingFor(models.TextChoices):
    """Whose turn it is in a conversation."""

    US = "us", _("Waiting for us")
    THEM = "them", _("No reply yet")


class Act(models.TextChoices):
    """What a user does to conversations; each has an opposite, so each can be undone."""

    ARCHIVE = "archive", _("Archive")
    UNARCHIVE = "unarchive", _("Move to inbox")
    TRASH = "trash", _("Delete")
    RESTORE = "restore", _("Restore")
    READ = "read", _("Mark as read")
    UNREAD = "unread", _("Mark as unread")
    STAR = "star", _("Star")
    UNSTAR = "unstar", _("Remove star")
    MUTE = "mute", _("Mute")
    UNMUTE = "unmute", _("Unmute")
    SNOOZE = "snooze", _("Snooze")
    UNSNOOZE = "unsnooze", _("Back to inbox now")
    LABEL = "label", _("Label")
    UNLABEL = "unlabel", _("Remove label")
    SHARE = "share", _("Share")
    HIDE = "hide", _("Make private")
    FOLDER = "folder", _("Move to a folder")
    UNFOLDER = "unfolder", _("Move back")
    ASSIGN = "assign", _("Assign")
    UNASSIGN = "unassign", _("Assign to nobody")


class DraftKind(models.TextChoices):
    """What a draft is in relation to another mail."""

    NEW = "new", _("New message")
    REPLY = "reply", _("Reply")
    REPLY_ALL = "reply_all", _("Reply to all")
    FORWARD = "forward", _("Forward")
