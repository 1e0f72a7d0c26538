"""URLs of what a conversation is linked to, who sees it, and what is made of it."""

from django.urls import path

import inbox.converters  # noqa: F401 -- registers <act:…> and <recordkind:…>
from inbox.views import joins, links, making, sight

THREAD = "mail/t/<thread:pk>/"

link_urls = [
    path(f"{THREAD}link/", links.choose, name="thread_link_choose"),
    path(f"{THREAD}link/add/", links.link, name="thread_link"),
    path(f"{THREAD}link/remove/", links.unlink, name="thread_unlink"),
    path(f"{THREAD}link/main/", links.make_main, name="thread_main_link"),
    path(f"{THREAD}link/<link:link_pk>/back/", links.unlink_undo, name="thread_relink"),
    path(f"{THREAD}question/", links.question, name="thread_question"),
    path(f"{THREAD}make/activity/", making.make_activity, name="make_activity"),
    path(f"{THREAD}make/<recordkind:kind>/", making.make_record, name="make_record"),
    path("mail/earlier/<itemkind:kind>/<int:pk>/", making.earlier, name="earlier"),
    path(
        "mail/earlier/<itemkind:kind>/<int:pk>/offer/", making.earlier_offer, name="earlier_offer"
    ),
    path(f"{THREAD}split/", joins.split, name="thread_split"),
    path(f"{THREAD}move/", joins.move, name="thread_move"),
    path(f"{THREAD}merge/", joins.merge_with, name="thread_merge"),
    path("mail/threads/merge/", joins.merge, name="threads_merge"),
    path(f"{THREAD}who/", sight.who, name="thread_who"),
    path(f"{THREAD}as/", sight.seen_as, name="thread_as"),
    path("mail/threads/<act:act>/preview/", sight.preview, name="threads_preview"),
]
