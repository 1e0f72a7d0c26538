from django.urls import path

from common.views import about, styleguide

app_name = "common"

urlpatterns = [
    path("about/licences/", about.licences, name="licences"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("styleguide/dialog/", styleguide.styleguide_dialog, name="styleguide_dialog"),
    path("styleguide/toast/<str:kind>/", styleguide.styleguide_toast, name="styleguide_toast"),
]
