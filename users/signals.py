"""What apps above may want to know about users. Sent inside the transaction of the change."""

from django.dispatch import Signal

company_made = Signal()
"""The first run is done. Arguments: company, user (the administrator)."""

user_deactivated = Signal()
"""A user lost access; syncing of the user's own mail has to stop at once. Argument: user."""

user_reactivated = Signal()
"""A user may sign in again. Argument: user."""

login_address_changed = Signal()
"""Somebody else changed the address a user signs in with: until the user connects the
personal mail accounts again they stay locked, so that the new address opens no old mail.
Arguments: user, by."""
