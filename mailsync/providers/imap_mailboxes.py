"""Which mailboxes an IMAP account has, what they are for, and how many messages they hold."""

from collections.abc import Iterable, Iterator
from typing import Any

from mailsync.enums import MailboxRole
from mailsync.providers import imap_parse as parse
from mailsync.providers.base import MailboxStatus, ProviderError, Reaction, RemoteMailbox
from mailsync.providers.imap_errors import BadAnswerError
from mailsync.providers.imap_values import path_from_wire, path_to_wire
from mailsync.providers.imap_wire import ImapWire, Literal, Tagged, astring, check
from mailsync.providers.roles import role_by_attributes, roles_by_name

_STATUS_ITEMS = "UIDVALIDITY UIDNEXT MESSAGES UNSEEN"
_STATUS_IN_FLIGHT = 8
_ROLES_WANTED = frozenset(
    {
        MailboxRole.SENT,
        MailboxRole.DRAFTS,
        MailboxRole.TRASH,
        MailboxRole.JUNK,
        MailboxRole.ARCHIVE,
    }
)


def has_modseq(capabilities: frozenset[str]) -> bool:
    """RFC 7162: QRESYNC implies CONDSTORE."""
    return bool(capabilities & {"CONDSTORE", "QRESYNC"})


def wire_name(path: str) -> bytes | Literal:
    """A mailbox's name as an argument."""
    return astring(path_to_wire(path))


def read_row(reader: Any, pieces: list[bytes]) -> Any:
    """What `reader` makes of an answer; None when it cannot be read: one bad row does not spoil
    the others."""
    try:
        return reader(pieces)
    except BadAnswerError:
        return None


class MailboxLister:
    def __init__(self, wire: ImapWire, capabilities: frozenset[str]) -> None:
        self._wire = wire
        self._capabilities = capabilities

    def _has(self, capability: str) -> bool:
        return capability in self._capabilities

    def mailboxes(self) -> list[RemoteMailbox]:
        rows, _tagged = self._wire.done(*self._list_command(), expect=5000)
        others = self._foreign_prefixes()
        listed: dict[str, tuple[frozenset[str], str]] = {}
        object_ids: dict[str, str] = {}
        for pieces in rows:
            found = read_row(parse.list_row, pieces)
            if found:
                attributes, delimiter, path = found
                if not any(path.startswith(prefix) for prefix in others):
                    listed[path] = (attributes, delimiter)
            figures = read_row(parse.status_row, pieces)
            if figures:
                object_ids[figures[0]] = str(figures[1].get("MAILBOXID", ""))
        return self._with_roles(listed, object_ids)

    def _list_command(self) -> tuple[bytes, ...]:
        wanted = []
        if self._has("SPECIAL-USE") and self._has("LIST-EXTENDED"):
            wanted.append(b"SPECIAL-USE")
        if self._has("OBJECTID") and self._has("LIST-STATUS"):
            wanted.append(b"STATUS (MAILBOXID)")
        if wanted:
            return (b"LIST", b'""', b'"*"', b"RETURN", b"(" + b" ".join(wanted) + b")")
        return (b"LIST", b'""', b'"*"')

    def _foreign_prefixes(self) -> tuple[str, ...]:
        """Prefixes of other users' and shared mailboxes (RFC 2342): not this account's mail."""
        if not self._has("NAMESPACE"):
            return ()
        rows, tagged = self._wire.run(b"NAMESPACE")
        prefixes = []
        for pieces in rows:
            if tagged.status != b"OK" or pieces[0][:12].upper() != b"* NAMESPACE ":
                continue
            for kind in (read_row(lambda it: parse.tokens(it, 12), pieces) or [])[1:3]:
                prefixes += [row[0] for row in kind or () if isinstance(row, list) and row]
        return tuple(path_from_wire(p) for p in prefixes if isinstance(p, bytes) and p)

    def _with_roles(
        self, listed: dict[str, tuple[frozenset[str], str]], object_ids: dict[str, str]
    ) -> list[RemoteMailbox]:
        roles = {
            path: role_by_attributes(attributes, path)
            for path, (attributes, _delimiter) in listed.items()
        }
        missing = _ROLES_WANTED - set(roles.values())
        unnamed = [(path, listed[path][1]) for path, role in roles.items() if not role]
        roles.update(roles_by_name(unnamed, missing=missing))
        return [
            RemoteMailbox(
                path=path,
                delimiter=delimiter,
                role=str(roles[path].value),
                is_selectable=not attributes & {"\\noselect", "\\nonexistent"},
                object_id=object_ids.get(path, ""),
            )
            for path, (attributes, delimiter) in listed.items()
        ]

    def status(self, paths: Iterable[str]) -> dict[str, MailboxStatus]:
        wanted = list(dict.fromkeys(paths))
        if not wanted:
            return {}
        items = _STATUS_ITEMS + (" HIGHESTMODSEQ" if has_modseq(self._capabilities) else "")
        found: dict[str, MailboxStatus] = {}
        for pieces in self._status_rows(wanted, items.encode()):
            row = read_row(parse.status_row, pieces)
            if row and row[0] in wanted:
                found[row[0]] = _status_of(row[1])
        return found

    def _status_rows(self, wanted: list[str], items: bytes) -> Iterator[list[bytes]]:
        if self._has("LIST-STATUS") and len(wanted) > 1:
            returning = b"(STATUS (" + items + b"))"
            rows, _tagged = self._wire.done(
                b"LIST", b'""', b'"*"', b"RETURN", returning, expect=10_000
            )
            yield from rows
            return
        commands = []
        for path in wanted:
            name = wire_name(path)
            if isinstance(name, Literal):
                rows, _tagged = self._wire.run(b"STATUS", name, b"(" + items + b")")
                yield from rows
            else:
                commands.append((b"STATUS", name, b"(" + items + b")"))
        answers = self._wire.pipelined(commands, depth=_STATUS_IN_FLIGHT, on_end=_leave_out_refused)
        for _number, pieces in answers:
            yield pieces


def _leave_out_refused(_number: int, tagged: Tagged) -> None:
    """A mailbox without STATUS (not there, not selectable) is left out; throttling is not."""
    try:
        check(tagged, code="mailbox_not_opened", reaction=Reaction.MAILBOX)
    except ProviderError as error:
        if error.reaction not in (Reaction.MAILBOX, Reaction.REFUSED):
            raise


def _status_of(figures: dict[str, Any]) -> MailboxStatus:
    return MailboxStatus(
        uidvalidity=figures.get("UIDVALIDITY"),
        uidnext=figures.get("UIDNEXT"),
        exists=figures.get("MESSAGES"),
        modseq=figures.get("HIGHESTMODSEQ"),
        unseen=figures.get("UNSEEN"),
    )
