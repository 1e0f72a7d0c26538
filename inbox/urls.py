from django.urls import path

import inbox.converters  # noqa: F401 -- registers <box:…> and <act:…>
from inbox.views import acts, bodies, labels, links, lists, search, threads

app_name = "inbox"

urlpatterns = [
    path("mail/", lists.home, name="home"),
    path("mail/<box:box>/", lists.box, name="box"),
    path("mail/counts/", lists.counts, name="counts"),
    path("mail/search/", search.search_page, name="search"),
    path("mail/threads/<act:act>/", acts.act_on_threads, name="threads_act"),
    path("mail/t/<thread:pk>/", threads.thread, name="thread"),
    path("mail/t/<thread:pk>/shown/", threads.mark_shown, name="thread_shown"),
    path("mail/t/<thread:pk>/side/", links.side, name="thread_side"),
    path("mail/t/<thread:pk>/who/", threads.who, name="thread_who"),
    path("mail/t/<thread:pk>/link/", links.choose, name="thread_link_choose"),
    path("mail/t/<thread:pk>/link/add/", links.link, name="thread_link"),
    path("mail/t/<thread:pk>/link/remove/", links.unlink, name="thread_unlink"),
    path("mail/t/<thread:pk>/link/main/", links.make_main, name="thread_main_link"),
    path("mail/t/<thread:pk>/block/", acts.block_sender, name="thread_block"),
    path("mail/t/<thread:pk>/<act:act>/", acts.act_on_thread, name="thread_act"),
    path("mail/m/<email:pk>/", threads.single_message, name="message"),
    path("mail/m/<email:pk>/body/", bodies.body, name="body"),
    path("mail/m/<email:pk>/raw/", bodies.raw, name="raw"),
    path("mail/m/<email:pk>/part/<str:section>/", bodies.inline_picture, name="inline_picture"),
    path("mail/a/<attachment:pk>/", bodies.attachment, name="attachment"),
    path("settings/labels/", labels.labels, name="labels"),
    path("settings/labels/<int:pk>/", labels.label, name="label"),
    path("settings/labels/<int:pk>/remove/", labels.label_remove, name="label_remove"),
    path("undo/", acts.undo_newest, name="undo_newest"),
    path("undo/<str:token>/", acts.undo, name="undo"),
]
