"""News about mail. Receivers live in apps above and only queue or call one function."""

from django.dispatch import Signal

# account_id: int, thread_ids: list[int] -- new mail, or a changed state, is committed.
threads_changed = Signal()
# kept_id: int, gone_id: int -- two conversations became one; sent inside the transaction, so that
# rows which point to the gone one move with it.
threads_merged = Signal()
# account_id: int -- the account's state changed so that its owner should know.
account_changed = Signal()
# account_id: int, email_ids: list[int] -- new emails with their text; sent inside the transaction
# that stores them. The search index has them already.
emails_stored = Signal()
# account_id: int, email_ids: list[int] -- these are going to be deleted, inside that transaction.
emails_removed = Signal()
# work: mailsync.domain.fetching.Work -- something happened in the mailboxes, and the slice has the
# account's connection and lease; what a receiver raises ends the slice like its own trouble.
mailboxes_changed = Signal()
# submission_id: int, thread_id: int -- a mail sent from here has its place in a conversation;
# sent inside that transaction.
email_sent = Signal()
