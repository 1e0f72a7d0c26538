app_name = "mailsync"

urlpatterns: list = []
